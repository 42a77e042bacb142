//! The frames that the viewers of a run see: small while it runs, and complete at its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::origin::RunId;
use crate::traffic::engine::mix::{Call, Endpoint, PlannedRequest};
use crate::traffic::engine::outcome::{Fate, FateCount};
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::model::{Endpoints, LONGEST_NAME, LONGEST_NOTE, MAX_DURATION, Reason, Run, Settings, Status};
use crate::traffic::naming::NameAndNote;
use crate::traffic::server::client::Completion;
use crate::traffic::server::live_run::LiveRun;

/// The largest frame that a viewer gets, in bytes.
const LARGEST_FRAME: usize = 4096;

/// A run of ten minutes in which everything is as long as it can be: every endpoint is called, each fails with sixty
/// status codes, so that all groups of failures are there, and the latencies have all their digits.
async fn worst_run() -> Arc<LiveRun> {
    let settings = Settings {
        scenario: Scenario::ErrorInjection,
        duration: MAX_DURATION,
        max_rps: 20,
        endpoints: Endpoints::some(&[Endpoint::List, Endpoint::Create, Endpoint::Update]).expect("some"),
        seed: u32::MAX,
        delay: Delay::Client,
    };
    let run = LiveRun::new(RunId(Uuid::from_u128(u128::MAX)), settings, 20, Instant::now());
    run.start_running();
    for slot in run.shape.plan() {
        tokio::time::sleep_until(run.starts + slot.due + Duration::from_micros(99_999)).await;
        let call = Call::ALL[slot.k as usize % Call::ALL.len()];
        let path = format!("/api/v1/users/{}", Uuid::from_u128(u128::MAX));
        run.slot_throttled();
        run.slot_at_in_flight_limit();
        assert!(run.request_sent(slot, &PlannedRequest { call, method: "PATCH", path, body: None }));
        let status = if slot.k % 3 == 0 { 200 } else { 500 + (slot.k / 5 % 60) as u16 };
        let completion = Completion {
            fate: Fate::Answered(status),
            request_id: Some(Uuid::from_u128(u128::MAX).to_string()),
            ended: Instant::now() + Duration::from_micros(4_123_457 + u64::from(slot.k) * 7),
        };
        run.request_finished(slot.k, &completion);
    }
    run
}

fn data_of(run: &LiveRun) -> (usize, Run) {
    run.publish();
    let bytes = run.frames().borrow().bytes.clone();
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
    (bytes.len(), serde_json::from_str(data).expect("what the page reads"))
}

#[tokio::test(start_paused = true)]
async fn the_frame_of_the_worst_run_stays_small_and_the_last_one_has_everything() {
    let run = worst_run().await;
    run.rename(NameAndNote { name: Some("\u{1f680}".repeat(LONGEST_NAME)), note: Some("x".repeat(LONGEST_NOTE)) });
    let whole = run.snapshot();
    assert!(whole.stats.sent_per_second.len() >= 599 && whole.stats.sent > 11_000, "{whole:?}");
    assert_eq!((whole.stats.failures.len(), whole.stats.calls.len(), whole.stats.fates.len()), (10, 5, 61));
    let (bytes, shown) = data_of(&run);
    assert!((3000..=LARGEST_FRAME).contains(&bytes), "{bytes} bytes");
    let mut expected = Run { note: None, ..whole.clone() };
    expected.stats.sent_per_second.clear();
    expected.stats.failures.iter_mut().for_each(|group| group.sample.path = None);
    assert_eq!(shown.stats.fates.len(), 11, "ten of them, and the others in one");
    let sum = |fates: &[FateCount]| fates.iter().map(|fate| fate.count).sum::<u32>();
    assert_eq!(sum(&shown.stats.fates), sum(&whole.stats.fates));
    expected.stats.fates.clone_from(&shown.stats.fates);
    assert_eq!(shown, expected, "everything else is there");

    run.end_run(Status::Error, Some(Reason::Interrupted));
    run.set_stop_duration(Duration::from_micros(4_999_999));
    run.mark_unstored();
    let audit = serde_json::from_str(r#"{"outcome":"verified"}"#).expect("an audit");
    run.set_verdict(audit, serde_json::from_str(r#"{"outcome":"right"}"#).expect("a check"));
    let (bytes, shown) = data_of(&run);
    assert!(bytes <= LARGEST_FRAME, "{bytes} bytes while it is being closed");
    assert!(shown.unstored && shown.stats.recent_failures.is_empty());
    assert_eq!((shown.stats.audited(), shown.stats.dashboard()), (None, None), "these come with the end");

    run.mark_closed();
    let (_, shown) = data_of(&run);
    assert_eq!(shown, run.snapshot());
    assert_eq!((shown.stats.failures.len(), shown.stats.recent_failures.len()), (10, 50));
    assert!(shown.stats.fates.len() == 61 && shown.stats.audited().is_some(), "{shown:?}");
}
