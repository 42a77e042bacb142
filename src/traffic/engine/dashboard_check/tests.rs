use std::time::Duration;

use super::*;
use crate::traffic::engine::evidence::{Arrived, Creates, Dropped};
use crate::traffic::engine::exchange::ServerSide;
use crate::traffic::engine::stats::CallStats;

/// A run of 100 requests, 20 of which failed, and a dashboard that is right about it; the tests
/// below break it in one place each.
struct CheckedRun {
    figures: Option<DashboardFigures>,
    stats: Stats,
    ledger: Vec<(u32, Fate)>,
    arrived: Option<Arrived>,
    dropped: Dropped,
    rows: Option<Vec<ServerSide>>,
}

impl CheckedRun {
    fn seen_right() -> Self {
        let call = CallStats { call: Call::Error, ok: 16, failed: 20, service: Default::default() };
        let arrivals = (0..100).map(|seq| (seq, Duration::from_millis(u64::from(seq)))).collect();
        let row = |seq: u32| {
            let duration = u64::from(seq + 1) * 1000;
            ServerSide { seq, arrived_at: 0, duration, status: 200, request_id: None }
        };
        Self {
            figures: Some(DashboardFigures { requests: 100, error_rate: Some(0.2), p95: Some(95.0) }),
            stats: Stats { calls: vec![call], ..Stats::default() },
            ledger: (0..100).map(|seq| (seq, Fate::Answered(if seq % 5 == 0 { 503 } else { 200 }))).collect(),
            arrived: Some(Arrived { arrivals, ..Arrived::default() }),
            dropped: Dropped::default(),
            rows: Some((0..100).map(row).collect()),
        }
    }

    fn says(change: impl FnOnce(&mut DashboardFigures)) -> DashboardCheck {
        let mut run = Self::seen_right();
        run.figures.as_mut().map(change);
        run.check()
    }

    fn check(&self) -> DashboardCheck {
        let evidence = Evidence {
            stats: &self.stats,
            ledger: &self.ledger,
            creates: Creates::default(),
            arrived: self.arrived.as_ref(),
            rows: self.rows.as_deref(),
            dropped: &self.dropped,
            clean_up: None,
            stopped: false,
            cap: 20,
        };
        check(self.figures, &evidence)
    }
}

#[test]
fn a_right_dashboard_is_found_right() {
    let check = CheckedRun::seen_right().check();
    assert_eq!((check.outcome, check.differences.len()), (DashboardOutcome::Right, 0), "{check:?}");
    assert_eq!((check.requests, check.arrived), (100, 100));
    assert_eq!((check.error_rate, check.injected), (Some(0.2), Some(0.2)));
    assert_eq!((check.p95, check.exact_p95), (Some(95.0), Some(95.0)));
    let expected = check.expected.expect("errors were asked for");
    assert_eq!((expected.share, expected.four_sigma), (0.18, 0.12), "36 of 100 at one half: 18 ± 4·3");
}

#[test]
fn each_planted_fault_is_found() {
    let rows: [(fn(&mut DashboardFigures), &str); 8] = [
        (|figures| figures.requests = 99, "the dashboard says 99 requests, 100 arrived"),
        (|figures| figures.requests = 101, "the dashboard says 101 requests, 100 arrived"),
        (|figures| figures.error_rate = Some(0.19), "the dashboard says 19.0 errors, the client saw 20"),
        (|figures| figures.error_rate = Some(0.21), "the dashboard says 21.0 errors, the client saw 20"),
        (|figures| figures.error_rate = None, "the dashboard says 0.0 errors, the client saw 20"),
        (|figures| figures.p95 = Some(94.9), "the dashboard says p95 94.9 ms, the recorded requests say 95 ms"),
        (|figures| figures.p95 = Some(95.1), "the dashboard says p95 95.1 ms, the recorded requests say 95 ms"),
        (|figures| figures.p95 = None, "the dashboard says p95 nothing, the recorded requests say 95 ms"),
    ];
    for (fault, words) in rows {
        let check = CheckedRun::says(fault);
        assert_eq!(check.outcome, DashboardOutcome::Wrong, "{words}");
        assert!(check.differences.iter().any(|difference| difference == words), "{words}: {check:?}");
    }
}

#[test]
fn the_width_of_a_bucket_is_no_fault() {
    assert_eq!(CheckedRun::says(|figures| figures.p95 = Some(95.09)).outcome, DashboardOutcome::Right);
}

#[test]
fn what_is_not_whole_is_not_compared_however_right_or_wrong_it_looks() {
    let rows: [(fn(&mut CheckedRun), &str); 6] = [
        (|run| run.figures = None, "the dashboard's query gave no answer"),
        (|run| run.rows = None, "the recorded requests could not be read"),
        (|run| run.arrived = None, "what arrived is not known any more"),
        (
            |run| {
                run.dropped.recorded.insert(3);
            },
            ROWS_DROPPED,
        ),
        (
            |run| {
                run.dropped.ledger.insert(3);
            },
            ROWS_DROPPED,
        ),
        (
            |run| run.ledger[1..3].iter_mut().for_each(|(_, fate)| *fate = Fate::Timeout),
            "2 of 100 requests arrived and have no answer that the client saw",
        ),
    ];
    for (plant, words) in rows {
        for says_nonsense in [false, true] {
            let mut run = CheckedRun::seen_right();
            plant(&mut run);
            if says_nonsense {
                run.figures = run.figures.map(|figures| DashboardFigures { requests: 7, ..figures });
            }
            let check = run.check();
            assert_eq!((check.outcome, &check.gaps[..]), (DashboardOutcome::NotChecked, &[words.to_owned()][..]));
            assert!(check.differences.is_empty(), "{check:?}");
        }
    }
}

#[test]
fn chance_is_no_fault() {
    let mut run = CheckedRun::seen_right();
    run.ledger.iter_mut().for_each(|(_, fate)| *fate = Fate::Answered(500));
    run.figures = Some(DashboardFigures { error_rate: Some(1.0), ..run.figures.expect("an answer") });
    let check = run.check();
    assert_eq!((check.outcome, check.injected), (DashboardOutcome::Right, Some(1.0)), "far from expected: {check:?}");
}

#[test]
fn what_is_accounted_for_elsewhere_is_no_fault() {
    let mut late = CheckedRun::seen_right();
    late.arrived.as_mut().expect("known").late.push(200);
    late.figures = Some(DashboardFigures { requests: 101, error_rate: Some(21.0 / 101.0), p95: Some(95.0) });
    assert_eq!(late.check().outcome, DashboardOutcome::Right, "one came after the seal and was answered 410");
    let mut cancelled = CheckedRun::seen_right();
    cancelled.ledger[1].1 = Fate::Cancelled;
    assert_eq!(cancelled.check().outcome, DashboardOutcome::Right, "its client does not know its status");
    cancelled.figures = Some(DashboardFigures { error_rate: Some(0.21), ..cancelled.figures.expect("an answer") });
    assert_eq!(cancelled.check().outcome, DashboardOutcome::Right, "the server may have recorded 499");
    cancelled.arrived.as_mut().expect("known").arrivals.remove(1);
    assert_eq!(cancelled.check().outcome, DashboardOutcome::Wrong, "but not when it never arrived");
}

#[test]
fn a_run_without_requests() {
    let nothing = CheckedRun {
        figures: Some(DashboardFigures::default()),
        stats: Stats::default(),
        ledger: Vec::new(),
        arrived: Some(Arrived::default()),
        dropped: Dropped::default(),
        rows: Some(Vec::new()),
    };
    let check = nothing.check();
    assert_eq!(check.outcome, DashboardOutcome::Right);
    assert_eq!((check.injected, check.exact_p95, check.expected), (None, None, None));
}
