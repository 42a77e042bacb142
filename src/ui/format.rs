//! Numbers formatted for people. No locale and no time zone, so that server and browser render the same text.

/// Formats a count in groups of three digits with narrow no-break spaces: `12 345`.
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

/// A share from 0 to 1 as percent with one decimal, or a dash.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// Seconds as `1:05`.
pub fn clock(seconds: u32) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Seconds as `1:05`, or `1:05.3` where there are tenths.
pub fn clock_exact(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u32;
    let whole = clock(tenths / 10);
    if tenths.is_multiple_of(10) { whole } else { format!("{whole}.{}", tenths % 10) }
}

/// The day of a moment in epoch milliseconds, in UTC, as `2026-11-23`. The days are converted as in Howard Hinnant's
/// `civil_from_days`: years begin in March, so that a leap day is the last day of its year.
fn day(epoch_millis: i64) -> String {
    let days = epoch_millis.div_euclid(86_400_000);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Epoch milliseconds as `2026-11-23 14:36 UTC`.
pub fn utc(epoch_millis: i64) -> String {
    format!("{} {}", day(epoch_millis), time_of_day(epoch_millis, false))
}

/// Epoch milliseconds as `2026-11-23 14:36:05 UTC`.
pub fn utc_exact(epoch_millis: i64) -> String {
    format!("{} {}", day(epoch_millis), time_of_day(epoch_millis, true))
}

/// Epoch milliseconds as `2026-11-23T14:36:05Z`, for programs.
pub fn iso(epoch_millis: i64) -> String {
    utc_exact(epoch_millis).replacen(' ', "T", 1).replace(" UTC", "Z")
}

/// Epoch milliseconds as `14:36 UTC`, or `14:36:05 UTC` with `seconds`.
pub fn time_of_day(epoch_millis: i64, seconds: bool) -> String {
    let second = epoch_millis.rem_euclid(86_400_000) / 1000;
    let minute = format!("{:02}:{:02}", second / 3600, second / 60 % 60);
    if seconds { format!("{minute}:{:02} UTC", second % 60) } else { format!("{minute} UTC") }
}

/// Seconds as `45 s`, `1 min 5 s`, `2 min`.
pub fn duration(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (minutes, 0) if minutes > 0 && minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
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
    fn clocks_and_dates() {
        assert_eq!([clock(5), clock(65), clock(600)], ["0:05", "1:05", "10:00"]);
        assert_eq!([clock_exact(14.85), clock_exact(7.0), clock_exact(59.96)], ["0:14.9", "0:07", "1:00"]);
        let rows = [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400_000, "2000-02-29 00:00 UTC"),
            (1_735_689_599_999, "2024-12-31 23:59 UTC"),
            (1_795_444_560_000, "2026-11-23 14:36 UTC"),
        ];
        for (millis, text) in rows {
            assert_eq!(utc(millis), text);
        }
        assert_eq!(
            [utc_exact(1_795_444_565_999), iso(1_795_444_565_999)],
            ["2026-11-23 14:36:05 UTC", "2026-11-23T14:36:05Z"]
        );
        assert_eq!([time_of_day(0, true), time_of_day(-1, true)], ["00:00:00 UTC", "23:59:59 UTC"]);
        assert_eq!(
            [time_of_day(1_795_444_565_000, true), time_of_day(1_795_444_565_000, false)],
            ["14:36:05 UTC", "14:36 UTC"]
        );
    }

    #[test]
    fn durations_and_shares() {
        assert_eq!(
            [duration(45), duration(65), duration(120), duration(86_400)],
            ["45 s", "1 min 5 s", "2 min", "24 h"]
        );
        assert_eq!([percent(None), percent(Some(0.1467))], ["–", "14.7 %"]);
    }
}
