//! Values in the query of an address, encoded so that any text comes back as it was.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the characters that RFC 3986, section 2.3, calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a value, or a part of one, for a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes what [`encoded`] made. What is no text is replaced.
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A path with a query of these names and values. The values are encoded here; the names must not need it.
pub fn link(path: &str, pairs: &[(&str, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in any::<String>()) {
            let encoded = encoded(&text);
            prop_assert_eq!(&decoded(&encoded), &text);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{encoded}");
            // Decoded by another implementation, which also reads a plus sign as a blank.
            let url = reqwest::Url::parse(&link("http://localhost/", &[("x", text.clone())])).expect("a URL");
            prop_assert_eq!(url.query_pairs().next().expect("a pair").1, text);
        }
    }

    #[test]
    fn a_link_without_values_is_the_path() {
        assert_eq!(link("/runs", &[]), "/runs");
        assert_eq!(link("/x", &[("a", "1&2".to_owned()), ("b", "é#+%".to_owned())]), "/x?a=1%262&b=%C3%A9%23%2B%25");
    }
}
