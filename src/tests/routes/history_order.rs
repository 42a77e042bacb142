//! The history in every order, and a run that is to be compared wherever it stands.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::TestServer;

/// How many runs are made; a page holds 20.
const RUNS: u64 = 45;

fn id(number: u64) -> String {
    Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0000 + u128::from(number)).to_string()
}

/// Run `number` has sent this many requests, and half of them have failed. Several have the same number.
fn sent(number: u64) -> u64 {
    number * 7 % 15
}

/// Copies of one closed run with numbers of their own; the original, which is newer, is deleted.
async fn with_runs() -> TestServer {
    let server = TestServer::start().await;
    let first =
        server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": "all" })).await;
    server.closed(&first).await;
    let mut sql = server.sql().await;
    for number in 0..RUNS {
        let id = id(number);
        let p95 = (number % 3 > 0).then(|| sent(number) as f64 + 0.25);
        sqlx::query(
            "INSERT INTO runs (id, status, closed, start_time, scenario, job, summary) SELECT ?1, status, closed, start_time, scenario, \
             json_set(job, '$.jobId', ?2, '$.stats.sent', ?3, '$.stats.failedRequests', ?3 / 2, '$.stats.service.ok.p95', ?4, \
             '$.endTime', start_time + ?6), \
             json_set(summary, '$.jobId', ?2, '$.sent', ?3, '$.failedRequests', ?3 / 2, '$.p95', ?4, '$.endTime', start_time + ?6) \
             FROM runs WHERE job ->> '$.jobId' = ?5",
        )
        .bind(Uuid::parse_str(&id).expect("an id").as_bytes().to_vec())
        .bind(&id)
        .bind(sent(number) as i64)
        .bind(p95)
        .bind(&first)
        .bind((number % 4 > 0).then_some(sent(number) as i64 * 1001))
        .execute(&mut sql)
        .await
        .expect("inserted");
    }
    assert_eq!(server.with_json("DELETE", &format!("/traffic/runs/{first}"), "").await.status, 204);
    server
}

/// All runs of an order, page by page.
async fn all(server: &TestServer, query: &str) -> Vec<Value> {
    let (mut runs, mut next) = (Vec::new(), None::<String>);
    loop {
        let cursor = next.map(|next| format!("&cursor={next}")).unwrap_or_default();
        let page = server.get(&format!("/traffic/runs?limit=7&{query}{cursor}")).await.json();
        runs.extend(page["runs"].as_array().expect("runs").clone());
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            return runs;
        }
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(-1.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_is_that_of_the_whole_history_and_stable() {
    let server = with_runs().await;
    let duration = |run: &Value| run["endTime"].as_f64().map_or(-1.0, |end| end - number(&run["startTime"]));
    let orders: [(&str, &dyn Fn(&Value) -> f64); 5] = [
        ("started", &|run| number(&run["startTime"])),
        ("duration", &duration),
        ("sent", &|run| number(&run["sent"])),
        ("failed", &|run| number(&run["failedRequests"])),
        ("p95", &|run| number(&run["p95"])),
    ];
    for (order, figure) in orders {
        for ascending in [false, true] {
            let runs = all(&server, &format!("order={order}&ascending={ascending}")).await;
            let places: Vec<(f64, &str)> =
                runs.iter().map(|run| (figure(run), run["jobId"].as_str().expect("an id"))).collect();
            assert_eq!(places.len() as u64, RUNS, "each once: {order}");
            let sorted = places.is_sorted_by(|a, b| if ascending { a < b } else { a > b });
            assert!(sorted, "{order} {ascending}: {places:?}");
        }
    }
    let refused = server.get("/traffic/runs?order=size&ascending=up&cursor=1~2").await;
    assert_eq!(refused.faulty_fields(), ["order", "ascending", "cursor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_on_behind_a_run_that_was_deleted_meanwhile_and_knows_the_active_one() {
    let server = with_runs().await;
    let whole: Vec<Value> = all(&server, "order=sent").await.iter().map(|run| run["jobId"].clone()).collect();
    let page = server.get("/traffic/runs?order=sent&limit=10").await.json();
    let (last, next) = (whole[9].as_str().expect("an id"), page["next"].as_str().expect("a cursor"));
    assert_eq!(server.with_json("DELETE", &format!("/traffic/runs/{last}"), "").await.status, 204);
    let page = server.get(&format!("/traffic/runs?order=sent&limit=10&cursor={next}")).await.json();
    let rest: Vec<Value> = page["runs"].as_array().expect("runs").iter().map(|run| run["jobId"].clone()).collect();
    assert_eq!(rest, whole[10..20]);
    // What is stored of the active run is its start, with nothing sent.
    let active =
        server.start_run(&json!({ "scenario": "normal", "duration": 60, "maxRps": 20, "endpoints": ["list"] })).await;
    for _ in 0..200 {
        if number(&server.job(&active).await["stats"]["sent"]) > 20.0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let page = server.get("/traffic/runs?order=sent&limit=1").await.json();
    assert_eq!(page["runs"][0]["jobId"], json!(active));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_to_be_compared_is_the_chosen_one_on_whatever_page_it_stands() {
    let server = with_runs().await;
    let (oldest, newest) = (id(0), id(RUNS - 1));
    let page = server.get(&format!("/runs?a={oldest}")).await.text;
    let boxes = |page: &str| page.matches("type=\"checkbox\" form=\"compare\" name=\"run\"").count();
    let ticked = |page: &str| -> Vec<String> {
        let tags = page.split("<input").filter_map(|rest| rest.split('>').next());
        let ticked = tags.filter(|tag| tag.contains("name=\"run\"") && tag.contains(" checked"));
        ticked.filter_map(|tag| tag.split("value=\"").nth(1)?.split('"').next().map(str::to_owned)).collect()
    };
    let first =
        |page: &str| page.split("<th scope=\"row\"><a href=\"/runs/").nth(1).unwrap_or_default()[..36].to_owned();
    assert_eq!((boxes(&page), ticked(&page), first(&page)), (21, vec![oldest.clone()], oldest.clone()), "one more row");
    assert!(page.contains("The first run is chosen."));
    // The way to the other pages and orders keeps it.
    for link in page.split("href=\"/runs?").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()) {
        assert!(link.contains(&format!("a={oldest}")) || !link.contains("order"), "{link}");
    }
    assert!(page.contains(&format!("name=\"a\" value=\"{oldest}\"")), "the filter keeps it, too");
    assert_eq!(server.get(&format!("/runs/compare?a={oldest}&b={newest}")).await.status, 200);
    // On its own page it only comes first.
    let third = id(RUNS - 3);
    let page = server.get(&format!("/runs?a={third}")).await.text;
    assert_eq!((boxes(&page), ticked(&page), first(&page)), (20, vec![third.clone()], third));
    let page = server.get("/runs").await.text;
    assert_eq!((boxes(&page), ticked(&page)), (20, Vec::new()), "nothing is chosen for anybody");
    let page = server.get("/runs?a=019b76da-a800-7000-8000-0000000000ff").await.text;
    assert!(page.contains("The run to compare does not exist any more."));
    let page = server.get("/runs?order=failed").await.text;
    let most = (0..RUNS).max_by_key(|number| (sent(*number) / 2, *number)).expect("runs");
    assert_eq!(first(&page), id(most), "of the whole history, not of the newest page");
    assert!(page.contains("Next page"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ticked_is_compared_or_the_page_says_what_to_do() {
    let server = with_runs().await;
    let [old, new] = [id(3), id(9)];
    let path = |ticked: &[&String]| {
        let pairs: Vec<String> = ticked.iter().map(|id| format!("run={id}")).collect();
        format!("/runs/compare?{}", pairs.join("&"))
    };
    let page = server.get(&path(&[&new, &old])).await;
    assert_eq!(page.status, 200);
    let (a, b) = (page.text.find(&format!("/runs/{old}\"")), page.text.find(&format!("/runs/{new}\"")));
    assert!(a.expect("A") < b.expect("B"), "the older one is A");
    assert!(page.text.contains(&format!("/runs/compare?a={new}&amp;b={old}")), "they can be swapped");
    assert!(page.text.contains("Both runs have the same settings."));
    assert_eq!(page.text.matches("<figure ").count(), 2, "rate and latency; nothing failed");
    let rows = [
        (path(&[]), "No run is ticked.", "/runs\"".to_owned()),
        (path(&[&old]), "Only one run is ticked.", format!("/runs?a={old}\"")),
        (path(&[&old, &new, &id(5)]), "3 runs are ticked, and two can be compared.", "/runs\"".to_owned()),
    ];
    for (path, words, href) in rows {
        let page = server.get(&path).await;
        assert!(page.status == 200 && page.text.contains(words) && page.text.contains(&href), "{path}: {}", page.text);
    }
}
