use super::*;

#[test]
fn the_query_of_the_history_has_defaults_and_names_its_faults() {
    let query = |pairs: &[(&str, &str)]| {
        let fields = pairs.iter().map(|(name, text)| ((*name).to_owned(), Value::Text((*text).to_owned())));
        HistoryQuery::check(fields.collect())
    };
    assert_eq!(query(&[]), Ok(HistoryQuery::default()));
    let empty = HistoryForm { scenario: Some(String::new()), status: Some(String::new()), ..HistoryForm::default() };
    assert_eq!(empty.check(), Ok(HistoryQuery::default()), "as an empty form sends it");
    let some = query(&[("scenario", "peak"), ("status", "error"), ("limit", "3"), ("name", " night ")]).expect("good");
    assert_eq!((some.scenario, some.status, some.limit), (Some(Scenario::Peak), Some(Status::Error), 3));
    assert_eq!(some.name.as_deref(), Some("night"));
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
        ("name", "a\u{7}", false),
        ("name", &"x".repeat(81), false),
    ] {
        let invalid = query(&[(field, text)]).expect_err(text);
        assert_eq!((invalid.errors[0].field.as_str(), invalid.malformed), (field, malformed), "{text}");
    }
}

#[test]
fn an_address_survives_its_own_link_and_forgets_what_it_does_not_know() {
    let query = "scenario=peak&status=completed&order=sent&ascending=true&cursor=nonsense&else=x";
    let address = HistoryQuery::of_query(query);
    assert_eq!(address.link(), "/runs?scenario=peak&status=completed&order=sent&ascending=true");
    assert_eq!(HistoryQuery::default().link(), "/runs");
    let faulty = HistoryQuery::of_address(|_| Some("'\"><x>".to_owned()));
    assert_eq!(faulty.link(), "/runs?name=%27%22%3E%3Cx%3E", "anything can be a part of a name");
}

#[test]
fn every_address_survives_its_own_query() {
    let id: RunId = "019b76da-a800-7000-8000-000000000000".parse().expect("an id");
    for order in Order::ALL {
        let rank = if order == Order::Started { 0 } else { -1 };
        let cursor = Some(Cursor { rank, id });
        let name = Some("a=b&c é+%".to_owned());
        let address = HistoryQuery { cursor, order, name, ascending: true, a: Some(id), ..HistoryQuery::default() };
        assert_eq!(HistoryQuery::of_query(&address.query()), address);
        assert_eq!(address.ordered_by(Order::Sent).cursor, None, "a cursor is one of its order");
        assert_eq!(
            address.form().check(),
            Ok(HistoryQuery { a: None, ..address }),
            "without what is for the page alone"
        );
    }
    assert_eq!(HistoryQuery::of_query("//evil.example/?a=1&x"), HistoryQuery::default());
}

#[test]
fn a_deletion_comes_back_to_the_same_page() {
    let id: RunId = "019b76da-a800-7000-8000-000000000000".parse().expect("an id");
    let address = HistoryQuery { order: Order::Sent, a: Some(id), ..HistoryQuery::default() };
    assert_eq!(address.after_deletion("deleted", id, false), "/runs?order=sent&deletion=deleted");
    let failed = format!("/runs?order=sent&a={id}&deletion=unavailable&of={id}");
    assert_eq!(address.after_deletion("unavailable", id, true), failed);
}

#[test]
fn the_same_head_again_turns_the_order_round() {
    let by_sent = HistoryQuery::default().ordered_by(Order::Sent);
    assert_eq!((by_sent.order, by_sent.ascending), (Order::Sent, false), "most first");
    assert!(by_sent.ordered_by(Order::Sent).ascending);
    assert!(!by_sent.ordered_by(Order::Failed).ascending);
}

#[test]
fn a_cursor_survives_the_wire() {
    let id: RunId = "019b76da-a800-7000-8000-000000000000".parse().expect("an id");
    for (rank, text) in [(0, id.to_string()), (12, format!("12~{id}")), (-1, format!("-1~{id}"))] {
        let cursor = Cursor { rank, id };
        assert_eq!((cursor.to_string(), text.parse()), (text.clone(), Ok(cursor)));
    }
    for wrong in ["", "17", "~", "12~"] {
        assert_eq!(wrong.parse::<Cursor>(), Err(NoCursor), "{wrong}");
    }
    for rank in ["", "x", "+1", "1.5", "1234567890123456"] {
        assert_eq!(format!("{rank}~{id}").parse::<Cursor>(), Err(NoCursor), "{rank}");
    }
}
