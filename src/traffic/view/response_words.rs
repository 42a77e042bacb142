//! How a request ended, as a table of responses says it.

use crate::traffic::engine::outcome::Fate;

/// The response with this [name](Fate::name): its status code, or why there is none. A name that only a newer version
/// knows is shown as it is.
pub fn response_words(name: &str) -> String {
    match Fate::of_name(name) {
        Some(Fate::Answered(status)) => status.to_string(),
        Some(Fate::Timeout) => "no response within 5 s".to_owned(),
        Some(Fate::Connect) => "connection refused".to_owned(),
        Some(Fate::Transport) => "connection broken".to_owned(),
        Some(Fate::Cancelled) => "cancelled by Stop".to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_its_status_or_why_there_is_none() {
        let rows = [
            ("503", "503"),
            ("timeout", "no response within 5 s"),
            ("connect", "connection refused"),
            ("transport", "connection broken"),
            ("cancelled", "cancelled by Stop"),
            ("of-a-newer-version", "of-a-newer-version"),
        ];
        for (name, words) in rows {
            assert_eq!(response_words(name), words);
        }
    }
}
