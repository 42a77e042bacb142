//! The whole life of a run under the paused clock, with a fake target and stores in memory: a
//! ten-minute run takes milliseconds. No sockets and no database here: their timeouts would fire.

mod fakes;
mod fixture;
mod frames;
mod storing;
mod world;

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::client::TIMEOUT;
use super::refusals::{DeleteRefusal, StartRefusal};
use super::store::Removal;
use crate::platform::retention::{Ages, Prune};
use crate::platform::wall_clock::ShownTimes;
use crate::platform::wall_clock::epoch_micros;
use crate::traffic::engine::audit_outcome::AuditOutcome;
use crate::traffic::engine::dashboard_check::DashboardFigures;
use crate::traffic::engine::dashboard_outcome::DashboardOutcome;
use crate::traffic::engine::scenario::Scenario;
use crate::traffic::model::{Reason, Status};
use fixture::Test;
use world::Manner;

#[tokio::test(start_paused = true)]
async fn ten_minutes_at_full_rate_miss_nothing_and_keep_the_cap() {
    let test = Test::new(Manner { takes: Duration::from_millis(3), ..Manner::default() });
    let run = test.run(Scenario::Stress, 600).await;
    assert_eq!((run.status, run.stats.planned, run.stats.sent, run.stats.missed), (Status::Completed, 11881, 11881, 0));
    let audit = run.stats.audit.expect("an audit");
    assert_eq!((audit.outcome, audit.cap_kept), (AuditOutcome::Verified, Some(true)), "{audit:?}");
    assert_eq!(test.most_sent_in_any_second(), 20);
}

#[tokio::test(start_paused = true)]
async fn each_scenario_sends_its_shape_second_by_second() {
    for scenario in Scenario::ALL {
        let test = Test::new(Manner::default());
        let run = test.run(scenario, 60).await;
        let settings = run.settings();
        let mut planned = vec![0_i64; 60];
        for slot in settings.shape(20).plan() {
            planned[slot.due.as_secs() as usize] += 1;
        }
        assert_eq!(run.stats.sent_per_second.len(), 60);
        for (second, (sent, planned)) in run.stats.sent_per_second.iter().zip(planned).enumerate() {
            assert!(
                (i64::from(*sent) - planned).abs() <= 1,
                "{scenario:?}, second {second}: {sent} sent, {planned} planned"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_target_costs_missed_slots_and_never_a_burst() {
    let test = Test::new(Manner { takes: TIMEOUT, ..Manner::default() });
    // Fewer than fifty time out before the run ends, so it is not called off.
    let run = test.run(Scenario::Stress, 5).await;
    assert_eq!(run.status, Status::Completed);
    assert_eq!(run.stats.sent, 41, "as many as may be in flight, and one in the place of the first that timed out");
    assert_eq!(run.stats.planned, run.stats.sent + run.stats.missed);
    assert_eq!(run.stats.failed_requests, 41);
    assert!(run.stats.in_flight_refusals > 50, "{} slots found forty requests in flight", run.stats.in_flight_refusals);
    assert!(test.most_sent_in_any_second() <= 20);
    let audit = run.stats.audit.as_ref().expect("an audit");
    assert_eq!((audit.outcome, audit.unanswered), (AuditOutcome::Verified, 41), "all of them arrived: {audit:?}");
    assert_eq!(run.stats.dashboard(), Some(DashboardOutcome::NotChecked), "but nobody knows how they were answered");
}

#[tokio::test(start_paused = true)]
async fn nobody_there_ends_the_run_after_fifty_failures_in_a_row() {
    let test = Test::new(Manner { refuses: true, ..Manner::default() });
    let run = test.run(Scenario::Normal, 60).await;
    assert_eq!((run.status, run.reason), (Status::Error, Some(Reason::TargetDown)));
    assert_eq!(run.stats.failed_requests, 50);
    let audit = run.stats.audit.expect("an audit");
    assert_eq!(audit.gaps, ["50 of 50 requests ended without having been seen to arrive"]);
    assert_eq!((audit.outcome, audit.never_arrived, audit.arrived), (AuditOutcome::Incomplete, Some(50), Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_the_run_and_the_next_start_works() {
    let test = Test::new(Manner { panics_at: Some(10), ..Manner::default() });
    let run = test.run(Scenario::Normal, 60).await;
    assert_eq!((run.status, run.reason), (Status::Error, Some(Reason::Panic)));
    assert_eq!(run.stats.planned, run.stats.sent + run.stats.missed + run.stats.not_reached);
    test.start(Scenario::Normal, 60).await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_ends_the_run_without_catching_up() {
    let test = Test::new(Manner::default());
    let id = test.start(Scenario::Stress, 60).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    test.world.stalled.store(true, Ordering::Relaxed);
    let run = test.closed(id).await;
    assert_eq!((run.status, run.reason), (Status::Error, Some(Reason::Interrupted)));
    assert!(test.most_sent_in_any_second() <= 20);
}

#[tokio::test(start_paused = true)]
async fn stop_sends_nothing_more_and_a_new_run_keeps_the_cap_across_both() {
    let test = Test::new(Manner::default());
    for _ in 0..10 {
        let id = test.start(Scenario::Stress, 60).await;
        tokio::time::sleep(Duration::from_millis(2300)).await;
        let stopped = test.runs.stop(id).await.expect("readable").expect("a run");
        let sent = test.world.sent.lock().len();
        assert_eq!(stopped.status, Status::Cancelled);
        let closed = test.closed(id).await;
        assert_eq!(test.world.sent.lock().len(), sent);
        assert_eq!(closed.stats.audit.expect("an audit").cap_kept, Some(true));
        test.world.rows.lock().clear();
    }
    assert_eq!(test.most_sent_in_any_second(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_planted_hidden_retry_is_found() {
    let test = Test::new(Manner { repeats: Some(7), ..Manner::default() });
    let audit = test.run(Scenario::Normal, 5).await.stats.audit.expect("an audit");
    assert_eq!(audit.outcome, AuditOutcome::Wrong);
    assert_eq!(audit.differences, ["requests that arrived more than once: 1 (#7)"]);
}

#[tokio::test(start_paused = true)]
async fn a_planted_lost_row_is_found() {
    let test = Test::new(Manner { loses: Some(3), ..Manner::default() });
    let audit = test.run(Scenario::Normal, 5).await.stats.audit.expect("an audit");
    assert_eq!(audit.differences, ["not recorded in the database, nor counted as dropped: 1 (#3)"]);
}

#[tokio::test(start_paused = true)]
async fn a_planted_twenty_first_request_in_a_second_is_found_and_ends_the_run() {
    let test = Test::new(Manner { floods_at: Some(5), ..Manner::default() });
    let run = test.run(Scenario::Normal, 60).await;
    assert_eq!((run.status, run.reason), (Status::Error, Some(Reason::Cap)));
    assert!(run.stats.cap_violations > 0);
    assert!(run.stats.sent < 10, "ended at once: {} sent", run.stats.sent);
    let audit = run.stats.audit.expect("an audit");
    assert!(audit.cap_violations > 0 && audit.most_in_any_second.is_some_and(|most| most > 20), "{audit:?}");
    assert_eq!((audit.cap_kept, audit.outcome), (Some(false), AuditOutcome::Wrong), "and they are in nobody's ledger");
}

#[tokio::test(start_paused = true)]
async fn a_run_leaves_memory_five_minutes_after_its_end_and_stays_in_the_store() {
    let test = Test::new(Manner::default());
    let run = test.run(Scenario::Normal, 5).await;
    let id = run.job_id;
    tokio::time::sleep(Duration::from_secs(298)).await;
    assert!(test.runs.live(id).is_some());
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(test.runs.live(id).is_none());
    assert_eq!(test.runs.run(id).await.expect("readable"), Some(run));
}

#[tokio::test(start_paused = true)]
async fn one_run_at_a_time_until_it_is_closed() {
    let test = Test::new(Manner { takes: Duration::from_secs(4), ..Manner::default() });
    let id = test.start(Scenario::Normal, 60).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    test.runs.stop(id).await.expect("readable");
    let settings = test.runs.run(id).await.expect("readable").expect("a run").settings();
    let refused = test.runs.start(settings.clone()).await;
    assert!(matches!(refused, Err(StartRefusal::Busy(busy)) if busy == id), "it is stopped, but not closed");
    test.closed(id).await;
    assert!(test.runs.start(settings).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn each_state_is_stored_once_and_in_order() {
    let test = Test::new(Manner::default());
    test.run(Scenario::Normal, 5).await;
    let states = std::mem::take(&mut *test.world.states.lock());
    assert_eq!(states, [Status::Running, Status::Completed, Status::Completed], "the last one by the closing");
    let id = test.start(Scenario::Normal, 60).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(test.world.stored.lock()[1].status, Status::Running);
    test.runs.stop(id).await.expect("readable");
    test.closed(id).await;
    let states = test.world.states.lock().clone();
    assert_eq!(states, [Status::Running, Status::Cancelled, Status::Cancelled]);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_can_not_be_written_ends_the_run() {
    let test = Test::new(Manner::default());
    let id = test.start(Scenario::Normal, 120).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    test.world.disk_full.store(true, Ordering::Relaxed);
    let began = Instant::now();
    let run = test.closed(id).await;
    assert_eq!((run.status, run.reason), (Status::Error, Some(Reason::Storage)));
    assert!((10_000..16_000).contains(&run.stats.elapsed), "after eight seconds of trying: {} ms", run.stats.elapsed);
    assert!(began.elapsed() < Duration::from_secs(60), "and it is closed: {:?}", began.elapsed());
    let audit = run.stats.audit.as_ref().expect("an audit");
    assert_eq!((audit.outcome, audit.ledger_dropped > 0), (AuditOutcome::Incomplete, true), "{audit:?}");
    assert!(audit.gaps[0].ends_with("are missing in the stored ledger (dropped, counted)"), "{audit:?}");
    assert_eq!(run.stats.dashboard(), Some(DashboardOutcome::NotChecked));
    test.world.disk_full.store(false, Ordering::Relaxed);
    assert_eq!(test.run(Scenario::Normal, 5).await.status, Status::Completed, "it recovers");
}

#[tokio::test(start_paused = true)]
async fn a_closed_run_can_be_deleted_and_an_active_one_not() {
    let test = Test::new(Manner::default());
    let id = test.start(Scenario::Normal, 5).await;
    assert!(matches!(test.runs.delete(id, Removal::Asked).await, Err(DeleteRefusal::Active)));
    test.closed(id).await;
    test.runs.delete(id, Removal::Asked).await.expect("deleted");
    assert!(test.runs.run(id).await.expect("readable").is_none());
    assert!(matches!(test.runs.delete(id, Removal::Asked).await, Err(DeleteRefusal::NotFound)));
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_that_is_right_is_found_right_and_a_planted_fault_is_found() {
    let faults: [Option<fn(&mut DashboardFigures)>; 4] = [
        None,
        Some(|kpi| kpi.requests += 1),
        Some(|kpi| kpi.error_rate = Some(0.01)),
        Some(|kpi| kpi.p95 = Some(3.01)),
    ];
    for misleads in faults {
        let test = Test::new(Manner { misleads, ..Manner::default() });
        let run = test.run(Scenario::Normal, 5).await;
        let expected = if misleads.is_none() { DashboardOutcome::Right } else { DashboardOutcome::Wrong };
        assert_eq!(run.stats.dashboard(), Some(expected), "{:?}", run.stats.dashboard_check);
        assert_eq!(run.stats.audited(), Some(AuditOutcome::Verified), "the audit is another matter");
    }
    let test = Test::new(Manner { says_nothing: true, ..Manner::default() });
    let run = test.run(Scenario::Normal, 5).await;
    assert_eq!(run.stats.dashboard(), Some(DashboardOutcome::NotChecked));
    assert_eq!(run.status, Status::Completed, "the run itself went well");
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_checked_at_the_end_leaves_the_audit_incomplete_and_the_run_as_it_ended() {
    for (manner, gap) in [
        (Manner { hides_rows: true, ..Manner::default() }, "the recorded requests could not be read"),
        (Manner { keeps_users: true, ..Manner::default() }, "the users that the run created could not be removed"),
    ] {
        let run = Test::new(manner).run(Scenario::Normal, 5).await;
        let audit = run.stats.audit.as_ref().expect("an audit");
        assert_eq!((audit.outcome, audit.gaps.len()), (AuditOutcome::Incomplete, 1), "{audit:?}");
        assert!(audit.gaps[0].starts_with(gap), "{audit:?}");
        assert_eq!((run.status, run.reason), (Status::Completed, None), "everything was sent");
    }
}

#[tokio::test(start_paused = true)]
async fn the_runs_that_were_stored_first_go_but_never_the_active_one() {
    let test = Test::new(Manner::default());
    let mut runs = Vec::new();
    for _ in 0..3 {
        let id = test.start(Scenario::Normal, 5).await;
        test.closed(id).await;
        runs.push(id);
    }
    let active = test.start(Scenario::Normal, 5).await;
    let ages = Ages::new(epoch_micros(), Duration::from_secs(600), None, ShownTimes::default()).expect("long enough");
    test.stored_runs(1).prune(&ages).await.expect("pruned");
    let stored = async |id| test.runs.run(id).await.expect("readable").is_some();
    assert_eq!([stored(runs[0]).await, stored(runs[1]).await, stored(runs[2]).await], [false, false, true]);
    assert!(stored(active).await);
}
