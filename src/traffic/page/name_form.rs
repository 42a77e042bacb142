//! The form that gives a run a name and a note, on the history and on the run's own page. It is a plain form: the browser
//! posts it, and the server sends it back to the page that it came from.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::{LONGEST_NAME, LONGEST_NOTE};
use crate::traffic::naming::{NamingForm, NamingResult};
use crate::traffic::server_fns::RenameRun;
use crate::ui::text_area::TextArea;
use crate::validation::FieldError;

/// The form, behind a summary that opens it.
#[component]
pub fn NameForm(
    /// The run.
    run: RunId,
    /// What the run is called, for people who can't see where the form stands.
    title: String,
    /// Its name.
    name: Option<String>,
    /// Its note.
    note: Option<String>,
    /// The page to come back to: [`crate::traffic::naming::BACK_TO_RUN`], or the query of a page of the history.
    back: String,
    /// What was refused, which is shown again.
    refused: Option<NamingForm>,
) -> impl IntoView {
    let open = refused.is_some();
    let faults = refused.as_ref().map(faults_of).unwrap_or_default();
    let is_faulty = |field: &str| faults.iter().any(|fault| fault.field == field);
    let (shown_name, shown_note) = match refused {
        Some(NamingForm { name, note: refused }) => (name, refused.or(note).unwrap_or_default()),
        None => (name.unwrap_or_default(), note.unwrap_or_default()),
    };
    view! {
        <details class="naming" open=open>
            <summary aria-label=format!("Name and note of {title}")>"Name and note"</summary>
            <form method="post" action=RenameRun::url()>
                <input type="hidden" name="job_id" value=run.to_string() />
                <input type="hidden" name="back" value=back />
                <label>
                    "Name"
                    <input
                        type="text"
                        name="name"
                        value=shown_name
                        maxlength=LONGEST_NAME.to_string()
                        autocomplete="off"
                        aria-invalid=is_faulty("name").then_some("true")
                    />
                </label>
                <label>
                    "Note" <TextArea name="note" value=shown_note longest=LONGEST_NOTE invalid=is_faulty("note") />
                </label>
                <button class="button" type="submit">
                    "Save"
                </button>
            </form>
        </details>
    }
    .into_any()
}

/// Says how an attempt to name a run ended.
#[component]
pub fn NamingNote(
    /// The attempt, if the address tells of one.
    result: Option<NamingResult>,
) -> impl IntoView {
    let note = |result: NamingResult| {
        if result.outcome == "renamed" {
            let words = "Name and note are saved. A run with either of them is kept until it is deleted.";
            return Some(
                view! {
                    <p class="status-note" role="status">
                        {words}
                    </p>
                }
                .into_any(),
            );
        }
        let words = format!("Name and note were not saved. {}", fault(&result)?);
        Some(
            view! {
                <p class="error-note" role="alert">
                    {words}
                </p>
            }
            .into_any(),
        )
    };
    result.and_then(note)
}

/// Why nothing was saved, in words. `None` if the address tells of no outcome that there is.
fn fault(result: &NamingResult) -> Option<String> {
    let NamingResult { outcome, form, .. } = result;
    let why = match outcome.as_str() {
        "gone" => "There is no such run. It may have been deleted.".to_owned(),
        "refused" => {
            let faults = form.as_ref().map(faults_of).unwrap_or_default();
            faults.iter().map(sentence).collect::<Vec<_>>().join(" ")
        }
        error => AppError::of_wire_name(error)?.to_string(),
    };
    let came_back = outcome == "gone" || form.as_ref().is_some_and(|form| form.note.is_some());
    Some(if came_back {
        why
    } else {
        format!("{why} The note was too long to come back: go back in your browser to find it.")
    })
}

fn faults_of(form: &NamingForm) -> Vec<FieldError> {
    form.check().err().map(|invalid| invalid.errors).unwrap_or_default()
}

fn sentence(FieldError { field, detail }: &FieldError) -> String {
    format!("The {field} {detail}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_why_and_what_became_of_the_input() {
        let form = |name: &str, note: Option<&str>| NamingForm { name: name.to_owned(), note: note.map(str::to_owned) };
        let words = |outcome: &str, form: Option<NamingForm>| {
            fault(&NamingResult { run: RunId(uuid::Uuid::nil()), outcome: outcome.to_owned(), form })
        };
        let long = "x".repeat(81);
        assert_eq!(
            words("refused", Some(form(&long, Some("a\u{7}")))).as_deref(),
            Some(
                "The name is too long; give at most 80 characters. The note holds control characters; leave them out."
            )
        );
        let away = words("unavailable", Some(form("x", None))).expect("words");
        assert!(away.contains("Try again in a few seconds.") && away.ends_with("go back in your browser to find it."));
        assert!(words("gone", None).expect("words").ends_with("It may have been deleted."));
        assert_eq!(words("Call 555", None), None, "nobody can put words into our mouth");
    }

    #[test]
    fn the_form_shows_what_was_refused_and_nobody_s_markup() {
        let html = |refused: Option<NamingForm>| {
            let form = view! {
                <NameForm
                    run=RunId(uuid::Uuid::nil())
                    title="a run".to_owned()
                    name=Some("a\"b".to_owned())
                    note=Some("</textarea><b>".to_owned())
                    back=String::new()
                    refused
                />
            };
            Owner::new().with(|| form.to_html())
        };
        let stored = html(None);
        assert!(stored.contains("value=\"a&quot;b\"") && !stored.contains("</textarea><b>"), "{stored}");
        assert!(!stored.contains("<details class=\"naming\" open"), "{stored}");
        let refused = html(Some(NamingForm { name: "x".repeat(81), note: None }));
        assert!(refused.contains("aria-invalid=\"true\"") && refused.contains("open"), "{refused}");
        assert!(refused.contains("&lt;/textarea&gt;"), "the stored note is in its place: {refused}");
    }
}
