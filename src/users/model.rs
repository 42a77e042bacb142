//! Users on the wire, and the rules for valid ones.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::validation::{Checker, Fields, Invalid, Value, read_numbers};

/// How many demo users there are.
pub const DEMO_USERS: u32 = 50;
/// How many real users there may be, that is, users that no run created. The demo users are among them.
pub const MOST_USERS: u32 = 10_000;
const LONGEST_NAME: usize = 100;
/// By RFC 5321, 4.5.3.1.3, a path has at most 256 characters, with its angle brackets.
const LONGEST_EMAIL: usize = 254;

/// One user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// A UUID of version 7.
    pub id: Uuid,
    /// The full name.
    pub name: String,
    /// The e-mail address. Unique, whatever its case and however its letters are composed.
    pub email: String,
    /// When the user was created, in epoch milliseconds.
    pub created_at: i64,
    /// When the user was last changed, in epoch milliseconds.
    pub updated_at: i64,
}

/// A page of users, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserPage {
    /// The users of this page.
    pub users: Vec<User>,
    /// The number of this page, from 1.
    pub page: u32,
    /// How many users a page holds.
    pub per_page: u32,
    /// How many users there are on all pages.
    pub total: u64,
}

/// A new user, for the documentation only; [`NewUser::check`] validates the input.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserRequest {
    /// The full name, without control characters.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$",
        example = "Ada Lovelace"
    )]
    pub name: String,
    /// The e-mail address. Unique, whatever its case and however its letters are composed.
    #[schema(
        max_length = 254,
        pattern = r"^\s*[^\s@\x00-\x1f\x7f-\x9f]+@[^\s@.\x00-\x1f\x7f-\x9f]+(\.[^\s@.\x00-\x1f\x7f-\x9f]+)+\s*$",
        example = "ada@example.com"
    )]
    pub email: String,
}

/// A change of a user, for the documentation only. At least one of the fields is needed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct UserPatchRequest {
    /// The new name.
    #[serde(default)]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        pattern = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$",
        example = "Ada King"
    )]
    pub name: Option<String>,
    /// The new e-mail address.
    #[serde(default)]
    #[schema(
        nullable = false,
        max_length = 254,
        pattern = r"^\s*[^\s@\x00-\x1f\x7f-\x9f]+@[^\s@.\x00-\x1f\x7f-\x9f]+(\.[^\s@.\x00-\x1f\x7f-\x9f]+)+\s*$"
    )]
    pub email: Option<String>,
}

/// A valid new user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// A valid change of a user. At least one of the fields is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPatch {
    /// The new name.
    pub name: Option<String>,
    /// The new e-mail address.
    pub email: Option<String>,
}

/// A valid query for users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserQuery {
    /// The number of the page, from 1.
    pub page: u32,
    /// How many users a page holds, from 1 to 100.
    pub per_page: u32,
    /// A part of the name or the e-mail address.
    pub search: Option<String>,
}

/// Checks an e-mail address for mistakes. Only sending a mail would prove that it exists.
fn email(check: &mut Checker<'_>, value: &Value) -> Option<String> {
    let email = check.text("email", value, LONGEST_EMAIL)?;
    let good = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && domain.split('.').all(|label| !label.is_empty())
            && !domain.contains('@')
            && !email.contains(char::is_whitespace)
    });
    if good { Some(email) } else { check.out_of_range("email", "is not an address; give one like ada@example.com") }
}

impl NewUser {
    /// Validates the fields of a new user.
    ///
    /// # Errors
    /// [`Invalid`], which lists every fault.
    pub fn check(fields: &Fields) -> Result<Self, Invalid> {
        let mut check = Checker::new(fields, &["name", "email"]);
        let name = check.required("name", "a name").and_then(|value| check.text("name", value, LONGEST_NAME));
        let email = check.required("email", "an address").and_then(|value| email(&mut check, value));
        check.finish(name.zip(email).map(|(name, email)| Self { name, email }))
    }
}

impl UserPatch {
    /// Validates the fields of a change.
    ///
    /// # Errors
    /// [`Invalid`], which lists every fault. An empty change is a fault.
    pub fn check(fields: &Fields) -> Result<Self, Invalid> {
        let mut check = Checker::new(fields, &["name", "email"]);
        if fields.is_empty() {
            check.malformed::<()>("name", "and email are both missing; give at least one of them");
        }
        let name = check.optional("name").and_then(|value| check.text("name", value, LONGEST_NAME));
        let email = check.optional("email").and_then(|value| email(&mut check, value));
        check.finish(Some(Self { name, email }))
    }
}

impl UserQuery {
    /// Validates the query of a list.
    ///
    /// # Errors
    /// [`Invalid`], which lists every fault.
    pub fn check(mut fields: Fields) -> Result<Self, Invalid> {
        read_numbers(&mut fields, &["page", "perPage"]);
        let mut check = Checker::new(&fields, &["page", "perPage", "search"]);
        let page = check.optional("page").map_or(Some(1), |value| check.integer("page", value, 1, 1_000_000));
        let per_page = check.optional("perPage").map_or(Some(20), |value| check.integer("perPage", value, 1, 100));
        let search = check.optional("search").filter(|value| **value != Value::Text(String::new()));
        let search = search.and_then(|value| check.text("search", value, LONGEST_EMAIL));
        check.finish(page.zip(per_page).map(|(page, per_page)| Self { page, per_page, search }))
    }
}

/// The constant id of demo user `i`, in the form of a UUIDv7 of 1 January 2026.
pub fn demo_user_id(i: u32) -> Uuid {
    Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0000 | u128::from(i))
}

/// Demo user `i`, as it is before and after each run.
pub fn demo_user(i: u32) -> NewUser {
    const NAMES: [&str; 10] = ["Amara", "Bruno", "Chen", "Dilara", "Emil", "Fatou", "Goran", "Hana", "Ines", "Jonas"];
    const FAMILIES: [&str; 5] = ["Okafor", "Weber", "Li", "Novak", "Silva"];
    let name = NAMES[(i % 10) as usize];
    let family = FAMILIES[(i / 10 % 5) as usize];
    let email = format!("{}.{}@demo.example.com", name.to_lowercase(), family.to_lowercase());
    NewUser { name: format!("{name} {family}"), email }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn fields(json: &str) -> Fields {
        serde_json::from_str(json).expect("JSON")
    }

    #[test]
    fn a_new_user_needs_a_name_and_an_address() {
        let rows = [
            (r#"{"name":"Ada","email":"ada@example.com"}"#, None),
            (r#"{"name":"  Ada  ","email":"ada@example.com"}"#, None),
            (r#"{"email":"ada@example.com"}"#, Some(("name", true))),
            (r#"{"name":"","email":"ada@example.com"}"#, Some(("name", false))),
            (r#"{"name":"a\u0007b","email":"ada@example.com"}"#, Some(("name", false))),
            (r#"{"name":3,"email":"ada@example.com"}"#, Some(("name", true))),
            (r#"{"name":"Ada","email":"ada"}"#, Some(("email", false))),
            (r#"{"name":"Ada","email":"ada@com"}"#, Some(("email", false))),
            (r#"{"name":"Ada","email":"@example.com"}"#, Some(("email", false))),
            (r#"{"name":"Ada","email":"a b@example.com"}"#, Some(("email", false))),
            (r#"{"name":"Ada","email":"ada@@example.com"}"#, Some(("email", false))),
            (r#"{"name":"Ada","email":"ada@example.com","role":"admin"}"#, Some(("role", true))),
        ];
        for (json, fault) in rows {
            let found = NewUser::check(&fields(json)).err();
            let found = found.as_ref().map(|invalid| (invalid.errors[0].field.as_str(), invalid.malformed));
            assert_eq!(found, fault, "{json}");
        }
    }

    #[test]
    fn lengths_count_characters_and_end_at_their_limits() {
        let name = |length: usize| fields(&format!(r#"{{"name":"{}","email":"a@b.c"}}"#, "é".repeat(length)));
        assert!(NewUser::check(&name(100)).is_ok());
        assert!(NewUser::check(&name(101)).is_err());
    }

    #[test]
    fn an_empty_change_is_refused() {
        assert!(UserPatch::check(&fields("{}")).expect_err("empty").malformed);
        assert!(UserPatch::check(&fields(r#"{"name":null}"#)).is_err());
        assert_eq!(UserPatch::check(&fields(r#"{"name":"Ada"}"#)).expect("good").email, None);
    }

    #[test]
    fn a_query_has_defaults_and_limits() {
        let query = |pairs: &[(&str, &str)]| {
            UserQuery::check(
                pairs.iter().map(|(name, text)| ((*name).to_owned(), Value::Text((*text).to_owned()))).collect(),
            )
        };
        assert_eq!(query(&[]).expect("good"), UserQuery { page: 1, per_page: 20, search: None });
        assert_eq!(query(&[("search", "123")]).expect("good").search.as_deref(), Some("123"));
        assert_eq!(query(&[("search", "")]).expect("good").search, None);
        for wrong in [
            ("page", "0"),
            ("page", "1000001"),
            ("perPage", "101"),
            ("perPage", "ten"),
            ("page", "1.5"),
            ("limit", "3"),
        ] {
            assert_eq!(query(&[wrong]).expect_err("bad").errors[0].field, wrong.0, "{wrong:?}");
        }
    }

    #[test]
    fn demo_users_are_fifty_different_people() {
        let users: Vec<NewUser> = (0..DEMO_USERS).map(demo_user).collect();
        let emails: BTreeSet<String> = users.iter().map(|user| user.email.to_lowercase()).collect();
        assert_eq!(emails.len(), 50);
        assert_eq!(demo_user_id(7).get_version_num(), 7);
        assert!(users.iter().all(|user| user.email.len() <= LONGEST_EMAIL));
    }
}
