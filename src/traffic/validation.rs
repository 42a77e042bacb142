//! From what somebody sent to checked [`Settings`]: the one validator behind the REST route and the form.
//!
//! All faults are reported at once, each with the name of its field and what to do about it.

use super::engine::mix::Endpoint;
use super::engine::scenario::{Delay, Scenario};
use super::model::{Endpoints, MAX_DURATION, MIN_DURATION, Settings, Status};
use super::run_order::{Cursor, Order};
use crate::validation::{Checker, Fields, Invalid, Value, read_numbers};

/// How many runs a page of the history holds, when not asked for otherwise.
const DEFAULT_LIMIT: u32 = 20;

fn scenario(check: &mut Checker<'_>) -> Option<Scenario> {
    let words = Scenario::ALL.map(|scenario| (scenario.wire_name(), scenario));
    let value = check.required("scenario", "the name of a scenario")?;
    check.word("scenario", value, &words)
}

fn endpoints(check: &mut Checker<'_>) -> Option<Endpoints> {
    let what = "\"all\" or a list of list, create, get, update";
    let words = Endpoint::ALL.map(|endpoint| (endpoint.wire_name(), endpoint));
    match check.required("endpoints", what)? {
        Value::Text(text) if text == "all" => Some(Endpoints::all()),
        Value::Text(_) => check.out_of_range("endpoints", format!("is unknown; give {what}")),
        Value::List(list) => {
            let faults = check.faults();
            let chosen: Vec<Endpoint> =
                list.iter().filter_map(|value| check.word("endpoints", value, &words)).collect();
            if check.faults() > faults {
                return None;
            }
            match Endpoints::some(&chosen) {
                None => check.out_of_range("endpoints", format!("is empty; give {what}")),
                endpoints => endpoints,
            }
        }
        _ => check.malformed("endpoints", format!("is neither; give {what}")),
    }
}

fn delay(check: &mut Checker<'_>, scenario: Option<Scenario>) -> Option<Delay> {
    let delay = match check.optional("delay") {
        None => Delay::Client,
        Some(value) => check.word("delay", value, &[("client", Delay::Client), ("server", Delay::Server)])?,
    };
    if delay == Delay::Server && scenario.is_some_and(|scenario| scenario != Scenario::LatencyDegradation) {
        return check.out_of_range("delay", "is for latency-degradation only; leave it out, or choose that scenario");
    }
    Some(delay)
}

const KNOWN: [&str; 6] = ["scenario", "duration", "maxRps", "endpoints", "seed", "delay"];

/// Checks the fields of a start. `cap` is the highest Max RPS of this process; `draw_seed` is
/// called when no seed is given.
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn settings(fields: &Fields, cap: u32, draw_seed: impl FnOnce() -> u32) -> Result<Settings, Invalid> {
    let mut check = Checker::new(fields, &KNOWN);
    let scenario = scenario(&mut check);
    let duration = check
        .required("duration", "the duration in seconds")
        .and_then(|value| check.integer("duration", value, MIN_DURATION.into(), MAX_DURATION.into()));
    let max_rps = check
        .required("maxRps", "the highest rate per second")
        .and_then(|value| check.integer("maxRps", value, 1, cap.into()));
    let endpoints = endpoints(&mut check);
    let seed = match check.optional("seed") {
        None => Some(draw_seed()),
        Some(value) => check.integer("seed", value, 0, u32::MAX.into()),
    };
    let delay = delay(&mut check, scenario);
    let settings = scenario.zip(duration).zip(max_rps).zip(endpoints).zip(seed).zip(delay).map(
        |(((((scenario, duration), max_rps), endpoints), seed), delay)| Settings {
            scenario,
            duration,
            max_rps,
            endpoints,
            seed,
            delay,
        },
    );
    check.finish(settings)
}

/// Which runs to list, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunsQuery {
    /// Only runs behind this one, in the same order.
    pub cursor: Option<Cursor>,
    /// At most so many: 1 to 100.
    pub limit: u32,
    /// Only runs of this scenario.
    pub scenario: Option<Scenario>,
    /// Only runs in this state.
    pub status: Option<Status>,
    /// By what they are ordered, the whole history and not only a page of it.
    pub order: Order,
    /// The smallest, or the oldest, first.
    pub ascending: bool,
}

/// Checks the query of the history.
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn runs_query(mut fields: Fields) -> Result<RunsQuery, Invalid> {
    read_numbers(&mut fields, &["limit"]);
    let mut check = Checker::new(&fields, &["cursor", "limit", "scenario", "status", "order", "ascending"]);
    let orders = Order::ALL.map(|order| (order.wire_name(), order));
    let order = check.optional("order").and_then(|value| check.word("order", value, &orders)).unwrap_or_default();
    let directions = [("true", true), ("false", false)];
    let ascending = check.optional("ascending").and_then(|value| check.word("ascending", value, &directions));
    let cursor = check.optional("cursor").and_then(|value| match value {
        Value::Text(text) if text.parse::<Cursor>().is_ok() => text.parse().ok(),
        _ => {
            let detail = "is not a cursor; give the `next` of an earlier page of the same order, or leave it out";
            check.malformed("cursor", detail)
        }
    });
    let limit = match check.optional("limit") {
        None => Some(DEFAULT_LIMIT),
        Some(value) => check.integer("limit", value, 1, 100),
    };
    let scenarios = Scenario::ALL.map(|scenario| (scenario.wire_name(), scenario));
    let scenario = check.optional("scenario").and_then(|value| check.word("scenario", value, &scenarios));
    let states = Status::ALL.map(|status| (status.wire_name(), status));
    let status = check.optional("status").and_then(|value| check.word("status", value, &states));
    check.finish(limit.map(|limit| RunsQuery {
        cursor,
        limit,
        scenario,
        status,
        order,
        ascending: ascending.unwrap_or_default(),
    }))
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum ExportFormat {
    /// The run and each of its requests.
    Json,
    /// One row per request, with both of its sides.
    Csv,
    /// A report for people, in one file.
    Html,
}

/// Checks the query of an export.
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn export_format(fields: &Fields) -> Result<ExportFormat, Invalid> {
    let words = [("json", ExportFormat::Json), ("csv", ExportFormat::Csv), ("html", ExportFormat::Html)];
    let mut check = Checker::new(fields, &["format"]);
    let format = check.required("format", "one of json, csv, html");
    let format = format.and_then(|value| check.word("format", value, &words));
    check.finish(format)
}

/// The fields as a browser's form sends them: texts, of which those of numbers become numbers.
/// Empty ones are left out.
pub fn form_fields(texts: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Fields {
    let given = texts.into_iter().filter_map(|(name, text)| Some((name, text.filter(|text| !text.is_empty())?)));
    let mut fields: Fields = given
        .map(|(name, text)| match name {
            "endpoints" if text != "all" => {
                (name.to_owned(), Value::List(text.split(',').map(|one| Value::Text(one.to_owned())).collect()))
            }
            _ => (name.to_owned(), Value::Text(text)),
        })
        .collect();
    read_numbers(&mut fields, &["duration", "maxRps", "seed"]);
    fields
}

#[cfg(test)]
mod tests {
    use super::start_request::RunsForm;
    use super::*;

    const GOOD: &str = r#"{"scenario":"normal","duration":10,"maxRps":10,"endpoints":"all"}"#;

    fn check(json: &str) -> Result<Settings, Invalid> {
        settings(&serde_json::from_str(json).expect("JSON"), 20, || 99)
    }

    /// `GOOD` with one field replaced.
    fn with(field: &str, value: &str) -> Result<Settings, Invalid> {
        let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(GOOD).expect("JSON");
        fields.insert(field.to_owned(), serde_json::from_str(value).expect("JSON"));
        check(&serde_json::to_string(&fields).expect("JSON"))
    }

    #[test]
    fn the_smallest_good_input_gets_a_seed_and_the_client_delay() {
        let settings = check(GOOD).expect("good");
        assert_eq!((settings.seed, settings.delay), (99, Delay::Client));
        assert_eq!(with("seed", "4294967295").expect("good").seed, u32::MAX);
    }

    #[test]
    fn the_query_of_the_history_has_defaults_and_names_its_faults() {
        let query = |pairs: &[(&str, &str)]| {
            runs_query(pairs.iter().map(|(name, text)| ((*name).to_owned(), Value::Text((*text).to_owned()))).collect())
        };
        let all = RunsQuery {
            cursor: None,
            limit: 20,
            scenario: None,
            status: None,
            order: Order::Started,
            ascending: false,
        };
        assert_eq!(query(&[]), Ok(all.clone()));
        let empty = RunsForm { scenario: Some(String::new()), status: Some(String::new()), ..RunsForm::default() };
        assert_eq!(runs_query(empty.fields()), Ok(all), "as an empty form sends it");
        let some = query(&[("scenario", "peak"), ("status", "error"), ("limit", "3")]).expect("good");
        assert_eq!((some.scenario, some.status, some.limit), (Some(Scenario::Peak), Some(Status::Error), 3));
        let next = "7~019b76da-a800-7000-8000-000000000000";
        let sorted = query(&[("order", "failed"), ("ascending", "true"), ("cursor", next)]).expect("good");
        assert_eq!((sorted.order, sorted.ascending), (Order::Failed, true));
        assert_eq!(sorted.cursor.map(|cursor| cursor.rank), Some(7));
        for (field, text, malformed) in [
            ("limit", "0", false),
            ("limit", "101", false),
            ("limit", "ten", true),
            ("scenario", "Peak", false),
            ("status", "done", false),
            ("cursor", "17", true),
            ("cursor", "", true),
            ("page", "2", true),
            ("order", "size", false),
            ("ascending", "yes", false),
        ] {
            let invalid = query(&[(field, text)]).expect_err(text);
            assert_eq!((invalid.errors[0].field.as_str(), invalid.malformed), (field, malformed), "{text}");
        }
    }

    #[test]
    fn each_fault_names_its_field_and_is_malformed_or_out_of_range() {
        let rows = [
            ("scenario", r#""Normal""#, false),
            ("scenario", r#""""#, false),
            ("scenario", "1", true),
            ("scenario", "null", true),
            ("duration", "4", false),
            ("duration", "601", false),
            ("duration", "-1", false),
            ("duration", "10.5", false),
            ("duration", "1e300", false),
            ("duration", "18446744073709551616", false),
            ("duration", r#""10""#, true),
            ("duration", "[]", true),
            ("duration", "true", true),
            ("maxRps", "0", false),
            ("maxRps", "21", false),
            ("maxRps", "{}", true),
            ("endpoints", "[]", false),
            ("endpoints", r#"["delete"]"#, false),
            ("endpoints", r#"["list", 3]"#, true),
            ("endpoints", r#""list""#, false),
            ("endpoints", "null", true),
            ("seed", "-1", false),
            ("seed", "4294967296", false),
            ("seed", "null", true),
            ("delay", r#""server""#, false),
            ("delay", r#""both""#, false),
            ("delay", "0", true),
            ("target", r#""http://elsewhere""#, true),
        ];
        for (field, value, malformed) in rows {
            let invalid = with(field, value).expect_err(value);
            assert_eq!(invalid.errors[0].field, field, "{value}");
            assert_eq!(invalid.malformed, malformed, "{field}: {value}");
        }
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let invalid = check(r#"{"duration":1,"maxRps":99}"#).expect_err("bad");
        let fields: Vec<&str> = invalid.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["scenario", "duration", "maxRps", "endpoints"]);
    }

    #[test]
    fn a_lowered_cap_refuses_what_is_above_it() {
        let fields = serde_json::from_str(GOOD).expect("JSON");
        let invalid = settings(&fields, 5, || 0).expect_err("10 > 5");
        assert_eq!(invalid.errors[0].detail, "is out of range; give a whole number from 1 to 5");
    }

    #[test]
    fn the_server_delay_is_for_latency_degradation() {
        let mut fields: Fields = serde_json::from_str(GOOD).expect("JSON");
        fields.insert("scenario".into(), Value::Text("latency-degradation".into()));
        fields.insert("delay".into(), Value::Text("server".into()));
        assert_eq!(settings(&fields, 20, || 0).expect("good").delay, Delay::Server);
    }

    #[test]
    fn a_form_gives_the_same_settings_as_json() {
        let form = form_fields([
            ("scenario", Some("normal".to_owned())),
            ("duration", Some("10".to_owned())),
            ("maxRps", Some("10".to_owned())),
            ("endpoints", Some("all".to_owned())),
            ("seed", None),
            ("delay", Some(String::new())),
        ]);
        assert_eq!(settings(&form, 20, || 99), check(GOOD));
        let wrong = form_fields([("duration", Some("ten".to_owned()))]);
        assert!(settings(&wrong, 20, || 0).expect_err("not a number").malformed);
    }
}
