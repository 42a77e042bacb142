use super::*;

const GOOD: &str = r#"{"scenario":"normal","duration":10,"maxRps":10,"endpoints":"all"}"#;

fn check(json: &str) -> Result<Settings, Invalid> {
    StartRequest::check(&serde_json::from_str(json).expect("JSON"), 20, || 99)
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
    let invalid = StartRequest::check(&fields, 5, || 0).expect_err("10 > 5");
    assert_eq!(invalid.errors[0].detail, "is out of range; give a whole number from 1 to 5");
}

#[test]
fn the_server_delay_is_for_latency_degradation() {
    let mut fields: Fields = serde_json::from_str(GOOD).expect("JSON");
    fields.insert("scenario".into(), Value::Text("latency-degradation".into()));
    fields.insert("delay".into(), Value::Text("server".into()));
    assert_eq!(StartRequest::check(&fields, 20, || 0).expect("good").delay, Delay::Server);
}

#[test]
fn a_form_gives_the_same_settings_as_json() {
    let form = StartForm {
        scenario: Some("normal".to_owned()),
        duration: Some("10".to_owned()),
        max_rps: Some("10".to_owned()),
        endpoints: Some("all".to_owned()),
        seed: None,
        delay: Some(String::new()),
        acknowledged: Some("true".to_owned()),
    };
    assert_eq!(form.check(20, || 99), check(GOOD));
    let wrong = StartForm { duration: Some("ten".to_owned()), ..form };
    assert!(wrong.check(20, || 0).expect_err("not a number").malformed);
}

#[test]
fn a_form_has_to_be_acknowledged_and_names_all_faults() {
    let fields = |form: &StartForm| -> Vec<String> {
        form.check(20, || 0).expect_err("not acknowledged").errors.into_iter().map(|error| error.field).collect()
    };
    assert_eq!(fields(&StartForm::default()), ["acknowledged", "scenario", "duration", "maxRps", "endpoints"]);
    let text = |text: &str| Some(text.to_owned());
    let good = StartForm {
        scenario: text("peak"),
        duration: text("10"),
        max_rps: text("10"),
        endpoints: text("list,get"),
        acknowledged: text("yes"),
        ..StartForm::default()
    };
    assert_eq!(fields(&good), ["acknowledged"]);
    assert!(good.settings(20, || 0).is_ok(), "the plan is shown before that");
}

#[test]
fn a_refused_form_survives_the_way_through_the_query() {
    let form = StartForm {
        scenario: Some("peak".into()),
        duration: Some("ten & a half\r\n".into()),
        acknowledged: Some("true".into()),
        ..StartForm::default()
    };
    let address = form.refused("input");
    assert_eq!(address, "/?refused=input&scenario=peak&duration=ten%20%26%20a%20half%0D%0A&acknowledged=true");
}

#[test]
fn a_run_can_be_set_up_again_from_its_settings() {
    let settings = Settings {
        scenario: Scenario::LatencyDegradation,
        duration: 45,
        max_rps: 7,
        endpoints: Endpoints::some(&[Endpoint::List, Endpoint::Get]).expect("two"),
        seed: 9,
        delay: Delay::Server,
    };
    let address = StartForm::again(&settings);
    assert_eq!(
        address,
        "/?again=true&scenario=latency-degradation&duration=45&maxRps=7&endpoints=list%2Cget&delay=server"
    );
    let pairs: Vec<(&str, String)> = address[2..]
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| (k, v.replace("%2C", ",")))
        .collect();
    let get = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    let form = StartForm::from_query(get).expect("carried");
    assert_eq!(form.settings(20, || 10), Ok(Settings { seed: 10, ..settings }), "the same, with a seed of its own");
}
