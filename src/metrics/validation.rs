//! Checks the queries to the metrics.

use uuid::Uuid;

use super::log_model::{LONGEST, LogQuery, StatusFilter, last_page};
use super::model::{Origins, OverviewQuery, Range};
use crate::validation::{Checker, Fields, Invalid, Value, read_numbers};

fn range(check: &mut Checker<'_>) -> Option<Range> {
    match check.optional("range") {
        None => Some(Range::default()),
        Some(value) => check.variant("range", value, &Range::ALL),
    }
}

fn origin(check: &mut Checker<'_>) -> Option<Origins> {
    match check.optional("origin") {
        None => Some(Origins::default()),
        Some(Value::Text(text)) => text
            .parse()
            .ok()
            .or_else(|| check.out_of_range("origin", "is unknown; give all, real, simulated, or the id of a run")),
        Some(_) => check.malformed("origin", "is not a text; give all, real, simulated, or the id of a run"),
    }
}

/// A query for an overview: `range` (5m) and `origin` (all).
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn overview(fields: &Fields) -> Result<OverviewQuery, Invalid> {
    let mut check = Checker::new(fields, &["range", "origin"]);
    let range = range(&mut check);
    let origin = origin(&mut check);
    check.finish(range.zip(origin).map(|(range, origin)| OverviewQuery { range, origin }))
}

/// The fields of a query for the request log.
const LOG_FIELDS: [&str; 8] = ["range", "origin", "status", "endpoint", "minDuration", "id", "order", "page"];

/// A query for the request log: `range` (5m), `origin` (all), `status` (ok, errors, 4xx, 5xx, or a number), `endpoint`
/// (as `GET /api/v1/users`), `minDuration` (in milliseconds), `id` (of a request), `order` (newest or slowest),
/// `page` (1).
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn log(mut fields: Fields) -> Result<LogQuery, Invalid> {
    read_numbers(&mut fields, &["minDuration", "page"]);
    let mut check = Checker::new(&fields, &LOG_FIELDS);
    let range = range(&mut check);
    let origin = origin(&mut check);
    let status = check.optional("status").and_then(|value| status(&mut check, value));
    let endpoint = check.optional("endpoint").and_then(|value| endpoint(&mut check, value));
    let min_duration = check.optional("minDuration").and_then(|value| min_duration(&mut check, value));
    let id = check.optional("id").and_then(|value| id(&mut check, value));
    let slowest = match check.optional("order") {
        None => Some(false),
        Some(value) => check.choice("order", value, &[("newest", false), ("slowest", true)]),
    };
    let page = match check.optional("page") {
        None => Some(1),
        Some(value) => check.integer("page", value, 1, i64::from(last_page(slowest == Some(true)))),
    };
    // A field that is missing here was left out, or its fault is noted.
    let query = || {
        Some(LogQuery {
            range: range?,
            origin: origin?,
            status,
            endpoint,
            min_duration,
            id,
            slowest: slowest?,
            page: page?,
        })
    };
    let query = query();
    check.finish(query)
}

fn status(check: &mut Checker<'_>, value: &Value) -> Option<StatusFilter> {
    let text = check.text("status", value, 20)?;
    StatusFilter::of_name(&text)
        .or_else(|| check.out_of_range("status", "is unknown; give ok, errors, 4xx, 5xx, or a number from 100 to 599"))
}

fn endpoint(check: &mut Checker<'_>, value: &Value) -> Option<(String, String)> {
    let text = check.text("endpoint", value, 200)?;
    match text.split_once(' ') {
        Some((method, route)) => Some((method.to_owned(), route.to_owned())),
        None => check.out_of_range("endpoint", "is no endpoint; give method and route, as in GET /api/v1/users"),
    }
}

/// A duration in microseconds, from a number of milliseconds.
fn min_duration(check: &mut Checker<'_>, value: &Value) -> Option<u32> {
    let longest = f64::from(LONGEST);
    let millis = match value {
        Value::Integer(millis) => *millis as f64,
        Value::Number(millis) => *millis,
        _ => return check.malformed("minDuration", format!("is not a number; give milliseconds, from 0 to {LONGEST}")),
    };
    // Not a number is in no range.
    if !(0.0..=longest).contains(&millis) {
        return check.out_of_range("minDuration", format!("is out of range; give milliseconds, from 0 to {LONGEST}"));
    }
    Some((millis * 1000.0).round() as u32)
}

fn id(check: &mut Checker<'_>, value: &Value) -> Option<Uuid> {
    let text = check.text("id", value, 100)?;
    Uuid::try_parse(&text).ok().or_else(|| {
        check.out_of_range("id", "is no id of a request; give all of it, as the response has it in x-request-id")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::log_model::StatusClass;
    use crate::origin::RunId;
    use crate::validation::fields_of_texts;

    const RUN: &str = "019b76da-a800-7000-8000-000000000000";

    fn given<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
        fields_of_texts(pairs.map(|(name, text)| (name, Some(text.to_owned()))))
    }

    fn faults<T: std::fmt::Debug>(result: Result<T, Invalid>) -> Vec<String> {
        result.expect_err("refused").errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        assert_eq!(overview(&Fields::new()), Ok(OverviewQuery::default()));
        assert_eq!(overview(&given([("range", ""), ("origin", "")])), Ok(OverviewQuery::default()));
        assert_eq!(log(Fields::new()), Ok(LogQuery::default()));
    }

    #[test]
    fn everything_that_can_be_asked() {
        let run: RunId = RUN.parse().expect("a run");
        let rows = [("all", Origins::All), ("real", Origins::Real), ("simulated", Origins::Simulated)];
        for (text, origin) in rows.into_iter().chain([(RUN, Origins::Run(run))]) {
            let query = overview(&given([("range", "24h"), ("origin", text)]));
            assert_eq!(query, Ok(OverviewQuery { range: Range::Day, origin }), "{text}");
            assert_eq!(origin.to_string(), text);
        }
        for range in Range::ALL {
            assert_eq!(overview(&given([("range", range.wire_name())])).map(|query| query.range), Ok(range));
        }
        let query = log(given([
            ("status", "5xx"),
            ("endpoint", "GET /x"),
            ("minDuration", "12.5"),
            ("id", RUN),
            ("order", "slowest"),
            ("page", "3"),
        ]));
        let expected = LogQuery {
            status: Some(StatusFilter::Class(StatusClass::Server)),
            endpoint: Some(("GET".to_owned(), "/x".to_owned())),
            min_duration: Some(12_500),
            id: Some(run.0),
            slowest: true,
            page: 3,
            ..LogQuery::default()
        };
        assert_eq!(query, Ok(expected));
    }

    #[test]
    fn durations_are_milliseconds_up_to_an_hour() {
        let rows = [("0", Some(0)), ("0.3", Some(300)), ("250", Some(250_000)), ("3600000", Some(3_600_000_000))];
        for (text, micros) in rows {
            assert_eq!(log(given([("minDuration", text)])).expect(text).min_duration, micros, "{text}");
        }
        for (text, malformed) in
            [("-1", false), ("3600001", false), ("1e99", false), ("NaN", false), ("inf", false), ("1 s", true)]
        {
            let invalid = log(given([("minDuration", text)])).expect_err(text);
            assert_eq!((invalid.malformed, invalid.errors.len()), (malformed, 1), "{text}");
        }
    }

    #[test]
    fn every_fault_is_named() {
        assert_eq!(
            faults(overview(&given([("range", "7d"), ("origin", "me"), ("limit", "3")]))),
            ["limit", "range", "origin"]
        );
        let bad = LOG_FIELDS.map(|field| (field, "x"));
        assert_eq!(faults(log(given(bad))), LOG_FIELDS);
        for (order, last) in [("newest", "1000"), ("slowest", "100")] {
            assert!(log(given([("order", order), ("page", last)])).is_ok());
            assert_eq!(faults(log(given([("order", order), ("page", &format!("{last}1"))]))), ["page"]);
        }
        assert_eq!(faults(log(given([("endpoint", "GET /\u{7}")]))), ["endpoint"]);
    }
}
