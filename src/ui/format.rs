//! Numbers as people read them. No locale and no time zone, so that server and browser write the same.

/// `12 345`: groups of three, with narrow no-break spaces.
pub fn count(n: u32) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with three significant digits, or a dash.
pub fn millis(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(ms) if ms < 9.995 => format!("{ms:.2} ms"),
        Some(ms) if ms < 99.95 => format!("{ms:.1} ms"),
        Some(ms) if ms < 9_999.5 => format!("{ms:.0} ms"),
        Some(ms) => format!("{:.1} s", ms / 1000.0),
    }
}

/// A share from 0 to 1 as percent with one digit, or a dash.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// Seconds as `45 s`, `1 min 5 s`, `2 min`.
pub fn duration(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1\u{202f}000"), (1_234_567, "1\u{202f}234\u{202f}567")] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn millis_keep_three_digits() {
        let rows = [
            (None, "–"),
            (Some(0.0), "0.00 ms"),
            (Some(2.454), "2.45 ms"),
            (Some(9.996), "10.0 ms"),
            (Some(45.61), "45.6 ms"),
            (Some(312.4), "312 ms"),
            (Some(12_345.0), "12.3 s"),
        ];
        for (value, text) in rows {
            assert_eq!(millis(value), text);
        }
    }

    #[test]
    fn durations_and_shares() {
        assert_eq!([duration(45), duration(65), duration(120)], ["45 s", "1 min 5 s", "2 min"]);
        assert_eq!([percent(None), percent(Some(0.1467))], ["–", "14.7 %"]);
    }
}
