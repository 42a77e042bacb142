//! Checks the queries to the metrics.

use super::log_model::{LogQuery, StatusClass, last_page};
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

/// A query for the request log: `range` (5m), `origin` (all), `status` (ok, errors, 4xx, 5xx),
/// `endpoint` (as `GET /api/v1/users`), `order` (newest or slowest), `page` (1).
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn log(mut fields: Fields) -> Result<LogQuery, Invalid> {
    read_numbers(&mut fields, &["page"]);
    let mut check = Checker::new(&fields, &["range", "origin", "status", "endpoint", "order", "page"]);
    let range = range(&mut check);
    let origin = origin(&mut check);
    let status = check.optional("status").map(|value| check.variant("status", value, &StatusClass::ALL));
    let endpoint = check.optional("endpoint").map(|value| endpoint(&mut check, value));
    let slowest = match check.optional("order") {
        None => Some(false),
        Some(value) => check.choice("order", value, &[("newest", false), ("slowest", true)]),
    };
    let page = match check.optional("page") {
        None => Some(1),
        Some(value) => check.integer("page", value, 1, i64::from(last_page(slowest == Some(true)))),
    };
    let query = || {
        Some(LogQuery {
            range: range?,
            origin: origin?,
            status: status.flatten(),
            endpoint: endpoint.clone().flatten(),
            slowest: slowest?,
            page: page?,
        })
    };
    let query = query();
    check.finish(query)
}

fn endpoint(check: &mut Checker<'_>, value: &Value) -> Option<(String, String)> {
    let text = check.text("endpoint", value, 200)?;
    match text.split_once(' ') {
        Some((method, route)) => Some((method.to_owned(), route.to_owned())),
        None => check.out_of_range("endpoint", "is no endpoint; give method and route, as in GET /api/v1/users"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let query = log(given([("status", "5xx"), ("endpoint", "GET /x"), ("order", "slowest"), ("page", "3")]));
        let expected = LogQuery {
            status: Some(StatusClass::Server),
            endpoint: Some(("GET".to_owned(), "/x".to_owned())),
            slowest: true,
            page: 3,
            ..LogQuery::default()
        };
        assert_eq!(query, Ok(expected));
    }

    #[test]
    fn every_fault_is_named() {
        assert_eq!(
            faults(overview(&given([("range", "7d"), ("origin", "me"), ("limit", "3")]))),
            ["limit", "range", "origin"]
        );
        let bad = [("range", "x"), ("origin", "x"), ("status", "x"), ("endpoint", "x"), ("order", "x"), ("page", "0")];
        assert_eq!(faults(log(given(bad))), ["range", "origin", "status", "endpoint", "order", "page"]);
        for (order, last) in [("newest", "1000"), ("slowest", "100")] {
            assert!(log(given([("order", order), ("page", last)])).is_ok());
            assert_eq!(faults(log(given([("order", order), ("page", &format!("{last}1"))]))), ["page"]);
        }
        assert_eq!(faults(log(given([("endpoint", "GET /\u{7}")]))), ["endpoint"]);
    }
}
