//! The name and the note that a person gives to a run: the request, as a JSON body or as a form, and the one check of both.

use serde::{Deserialize, Serialize};

use super::history_query::HistoryQuery;
use super::model::{LONGEST_NAME, LONGEST_NOTE};
use crate::origin::RunId;
use crate::query::link;
use crate::validation::{Checker, Fields, Invalid, Value};

/// The most bytes of an address that carries a refused form. The head of a request is limited to 16 KiB.
const LONGEST_ADDRESS: usize = 12 * 1024;

/// The value of the form's field `back` on a run's own page. On the history it is the query of that page.
pub const BACK_TO_RUN: &str = "run";

/// The body that names a run, as the API's documentation shows it. A body is checked field by field by [`Naming::check`], so
/// that all faults are reported at once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamingRequest {
    /// The name, without line breaks. It stays when it is left out; `null` or an empty text removes it.
    #[serde(default)]
    #[schema(
        max_length = 80,
        pattern = r"^\s*([^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?)?\s*$",
        example = "Before the index"
    )]
    pub name: Option<String>,
    /// The note, which may have several lines. It stays when it is left out; `null` or an empty text removes it.
    #[serde(default)]
    #[schema(
        max_length = 2000,
        pattern = r"^\s*([^\x00-\x09\x0b-\x1f\x7f-\x9f]|\r\n)*\s*$",
        example = "With 100 users in the table."
    )]
    pub note: Option<String>,
}

/// What happens to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextChange {
    /// It stays as it is.
    Keep,
    /// There is none any more.
    Clear,
    /// This takes its place.
    Set(String),
}

impl TextChange {
    /// What the text is after the change.
    pub fn apply(&self, text: Option<String>) -> Option<String> {
        match self {
            Self::Keep => text,
            Self::Clear => None,
            Self::Set(text) => Some(text.clone()),
        }
    }
}

/// Name and note of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAndNote {
    /// The name; never empty.
    pub name: Option<String>,
    /// The note; never empty. Its lines end in `\n`.
    pub note: Option<String>,
}

/// A checked request to name a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// What happens to the name.
    pub name: TextChange,
    /// What happens to the note.
    pub note: TextChange,
}

impl Naming {
    /// Checks the fields of a request.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn check(fields: &Fields) -> Result<Self, Invalid> {
        let mut check = Checker::new(fields, &["name", "note"]);
        let name = change(&mut check, "name", LONGEST_NAME, |_| false);
        let note = change(&mut check, "note", LONGEST_NOTE, |c| c == '\n');
        let naming = || Some(Self { name: name?, note: note? });
        check.finish(naming())
    }

    /// Name and note after the change.
    pub fn apply(&self, NameAndNote { name, note }: NameAndNote) -> NameAndNote {
        NameAndNote { name: self.name.apply(name), note: self.note.apply(note) }
    }
}

/// What a request does to a text of at most `longest` characters. The only control characters are those that are `allowed`.
fn change(check: &mut Checker<'_>, field: &str, longest: usize, allowed: fn(char) -> bool) -> Option<TextChange> {
    let text = match check.optional(field) {
        None => return Some(TextChange::Keep),
        Some(Value::Other(None)) => return Some(TextChange::Clear),
        // Forms end their lines in both characters.
        Some(Value::Text(text)) => text.replace("\r\n", "\n"),
        Some(_) => return check.malformed(field, "is not a text; give a text, or null to remove it"),
    };
    // The length is checked before trimming: nobody means a hundred blanks.
    let too_long = text.chars().count() > longest;
    let text = text.trim();
    if too_long {
        check.out_of_range(field, format!("is too long; give at most {longest} characters"))
    } else if text.chars().any(|c| c.is_control() && !allowed(c)) {
        check.out_of_range(field, "holds control characters; leave them out")
    } else if text.is_empty() {
        Some(TextChange::Clear)
    } else {
        Some(TextChange::Set(text.to_owned()))
    }
}

/// What the form holds that names a run, unchecked. An empty text means that there is to be none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamingForm {
    /// The name.
    pub name: String,
    /// The note; `None` if it was too long to come back with a refused form.
    pub note: Option<String>,
}

impl NamingForm {
    /// Checks the form.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn check(&self) -> Result<Naming, Invalid> {
        let texts = [("name", Some(&self.name)), ("note", self.note.as_ref())];
        let given = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::Text(text?.clone()))));
        Naming::check(&given.collect())
    }

    /// The address of the page that the form came from, which `back` tells: a run's own page, or the history. The address
    /// holds the outcome, and the form as well if it was `refused`.
    pub fn came_from(&self, back: &str, run: RunId, outcome: &str, refused: bool) -> String {
        let told = [("naming", outcome.to_owned()), ("of", run.to_string())];
        let address = |form: Vec<(&'static str, String)>| {
            let pairs = told.iter().cloned().chain(form).collect::<Vec<_>>();
            match back {
                BACK_TO_RUN => link(&format!("/runs/{run}"), &pairs),
                query => HistoryQuery::of_query(query).link_with(pairs),
            }
        };
        if !refused {
            return address(Vec::new());
        }
        let name = ("newName", self.name.chars().take(2 * LONGEST_NAME).collect::<String>());
        let note = self.note.iter().map(|note| ("newNote", note.clone()));
        let whole = address([name.clone()].into_iter().chain(note).collect());
        if whole.len() > LONGEST_ADDRESS { address(vec![name]) } else { whole }
    }
}

/// How an attempt to name a run ended, as the address of a page tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamingResult {
    /// The run.
    pub run: RunId,
    /// The outcome: see [`super::outcomes::RenameOutcome::wire_name`].
    pub outcome: String,
    /// The form, if it was refused.
    pub form: Option<NamingForm>,
}

impl NamingResult {
    /// Reads the query of a page. `None` if it tells of no attempt.
    pub fn of_address(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let form = get("newName").map(|name| NamingForm { name, note: get("newNote") });
        Some(Self { outcome: get("naming")?, run: get("of")?.parse().ok()?, form })
    }

    /// The form to show again for this run.
    pub fn form_of(&self, run: RunId) -> Option<NamingForm> {
        self.form.clone().filter(|_| self.run == run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019b76da-a800-7000-8000-000000000000";

    fn check(json: &str) -> Result<Naming, Invalid> {
        Naming::check(&serde_json::from_str(json).expect("fields"))
    }

    #[test]
    fn a_text_is_kept_removed_or_set() {
        let set = |text: &str| TextChange::Set(text.to_owned());
        let rows = [
            ("{}", TextChange::Keep, TextChange::Keep),
            (r#"{"name":null,"note":""}"#, TextChange::Clear, TextChange::Clear),
            (r#"{"name":"  Ümlaut 👩‍🚀 "}"#, set("Ümlaut 👩‍🚀"), TextChange::Keep),
            (r#"{"name":" \n ","note":" a\r\n b\n"}"#, TextChange::Clear, set("a\n b")),
        ];
        for (json, name, note) in rows {
            assert_eq!(check(json), Ok(Naming { name, note }), "{json}");
        }
        let old = NameAndNote { name: Some("old".to_owned()), note: Some("old".to_owned()) };
        let changed = check(r#"{"name":"new"}"#).expect("good").apply(old.clone());
        assert_eq!(changed, NameAndNote { name: Some("new".to_owned()), note: old.note });
    }

    #[test]
    fn a_faulty_text_is_named() {
        let long = |length: usize| "é".repeat(length);
        assert!(check(&format!(r#"{{"name":"{}","note":"{}"}}"#, long(80), long(2000))).is_ok());
        let rows = [
            (format!(r#"{{"name":"{}"}}"#, long(81)), "name", false),
            (format!(r#"{{"note":"{}"}}"#, long(2001)), "note", false),
            (r#"{"name":"two\nlines"}"#.to_owned(), "name", false),
            (r#"{"note":"a bell \u0007"}"#.to_owned(), "note", false),
            (r#"{"note":"a\ttab"}"#.to_owned(), "note", false),
            (r#"{"name":7}"#.to_owned(), "name", true),
            (r#"{"name":["x"]}"#.to_owned(), "name", true),
            (r#"{"title":"x"}"#.to_owned(), "title", true),
        ];
        for (json, field, malformed) in rows {
            let invalid = check(&json).expect_err(&json);
            assert_eq!((invalid.errors[0].field.as_str(), invalid.malformed), (field, malformed), "{json}");
        }
    }

    #[test]
    fn a_form_comes_back_to_its_page_with_what_was_refused() {
        let id: RunId = ID.parse().expect("an id");
        let form = NamingForm { name: "a&b".to_owned(), note: Some("1\r\n2".to_owned()) };
        assert_eq!(form.came_from(BACK_TO_RUN, id, "renamed", false), format!("/runs/{ID}?naming=renamed&of={ID}"));
        assert_eq!(
            form.came_from("order=sent", id, "refused", true),
            format!("/runs?order=sent&naming=refused&of={ID}&newName=a%26b&newNote=1%0D%0A2")
        );
        let elsewhere = form.came_from("//evil.example", id, "renamed", false);
        assert_eq!(elsewhere, format!("/runs?naming=renamed&of={ID}"));
        let long = NamingForm { note: Some("漢".repeat(2000)), ..form.clone() };
        assert!(!long.came_from("", id, "unavailable", true).contains("newNote"), "too long for an address");

        let pairs = [("naming", "refused"), ("of", ID), ("newName", "a&b"), ("newNote", "1\r\n2")];
        let get = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let result = NamingResult::of_address(get).expect("an attempt");
        assert_eq!((result.outcome.as_str(), result.form_of(id)), ("refused", Some(form)));
        assert_eq!(NamingResult::of_address(|_| None), None);
        assert_eq!(NamingResult::of_address(|_| Some("x".to_owned())), None);
    }
}
