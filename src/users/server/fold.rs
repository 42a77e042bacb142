//! Decides when two spellings are equal. The uniqueness of e-mail addresses and the search for users use the same rule:
//! Unicode's canonical caseless matching (The Unicode Standard, 3.13, D145).
//!
//! A text is decomposed, case-folded, and composed again (NFC). So `STRASSE` equals `straße`, and an `é` of two code
//! points equals an `é` of one. SQLite can't do this, so the folded forms have columns of their own.

use unicode_normalization::UnicodeNormalization;

/// The folded form. Two spellings are equal if their folded forms are.
pub(super) fn folded(text: &str) -> String {
    let decomposed: String = text.nfd().collect();
    caseless::default_case_fold_str(&decomposed).nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_spellings_are_equal_and_others_are_not() {
        let same = [
            ("ADA@example.com", "ada@example.com"),
            ("straße", "STRASSE"),
            ("ÅNGSTRÖM", "a\u{30a}ngstro\u{308}m"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("ﬁ", "FI"),
        ];
        for (one, other) in same {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in [("resume", "résumé"), ("ı", "i"), ("a", "b")] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_stays_as_it_is(text in any::<String>()) {
            prop_assert_eq!(folded(&folded(&text)), folded(&text));
        }
    }
}
