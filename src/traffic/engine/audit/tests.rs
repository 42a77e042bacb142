use std::time::Duration;

use super::*;
use crate::traffic::engine::evidence::{Creates, Dropped};
use crate::traffic::engine::exchange::ServerSide;

/// A healthy run of four requests, the last of which created a user; the tests below break it in one place each.
struct AuditedRun {
    stats: Stats,
    ledger: Vec<(u32, Fate)>,
    creates: Creates,
    arrived: Option<Arrived>,
    rows: Option<Vec<u32>>,
    dropped: Dropped,
    clean_up: Option<CleanUp>,
    stopped: bool,
}

fn at(seq: u32) -> (u32, Duration) {
    (seq, Duration::from_millis(u64::from(seq) * 300))
}

impl AuditedRun {
    fn healthy() -> Self {
        Self {
            stats: Stats {
                planned: 6,
                sent: 4,
                missed: 1,
                not_reached: 1,
                successful_requests: 3,
                failed_requests: 1,
                ..Stats::default()
            },
            ledger: vec![
                (0, Fate::Answered(200)),
                (1, Fate::Answered(503)),
                (2, Fate::Answered(200)),
                (4, Fate::Answered(201)),
            ],
            creates: Creates { answered: 1, unanswered: 0 },
            arrived: Some(Arrived { arrivals: [0, 1, 2, 4].map(at).to_vec(), ..Arrived::default() }),
            rows: Some(vec![4, 2, 1, 0]),
            dropped: Dropped::default(),
            clean_up: Some(CleanUp { removed: 1, kept: 0 }),
            stopped: false,
        }
    }

    /// With these many further requests of this fate, none of which was seen by the server.
    fn with(more: u32, fate: Fate) -> Self {
        let mut run = Self::healthy();
        run.ledger.extend((10..10 + more).map(|seq| (seq, fate)));
        run.stats.sent += more;
        run.stats.planned += more;
        *(match fate {
            Fate::Cancelled => &mut run.stats.cancelled,
            fate if fate.is_ok() => &mut run.stats.successful_requests,
            _ => &mut run.stats.failed_requests,
        }) += more;
        run
    }

    fn arrived(&mut self) -> &mut Arrived {
        self.arrived.as_mut().expect("known")
    }

    fn rows(&mut self) -> &mut Vec<u32> {
        self.rows.as_mut().expect("known")
    }

    /// The server saw these, too.
    fn seen(mut self, seqs: impl Iterator<Item = u32> + Clone) -> Self {
        self.arrived().arrivals.extend(seqs.clone().map(at));
        self.rows().extend(seqs);
        self
    }

    fn check(&self) -> Audit {
        let row = |seq: &u32| ServerSide { seq: *seq, arrived_at: 0, duration: 1, status: 200, request_id: None };
        let rows: Option<Vec<ServerSide>> = self.rows.as_ref().map(|rows| rows.iter().map(row).collect());
        check(&Evidence {
            stats: &self.stats,
            ledger: &self.ledger,
            creates: self.creates,
            arrived: self.arrived.as_ref(),
            rows: rows.as_deref(),
            dropped: &self.dropped,
            clean_up: self.clean_up,
            stopped: self.stopped,
            cap: 20,
        })
    }

    fn outcome(&self) -> (AuditOutcome, String) {
        let audit = self.check();
        (audit.outcome, [audit.differences, audit.gaps].concat().join("; "))
    }
}

fn wrong(words: &str) -> (AuditOutcome, String) {
    (AuditOutcome::Wrong, words.to_owned())
}

fn incomplete(words: &str) -> (AuditOutcome, String) {
    (AuditOutcome::Incomplete, words.to_owned())
}

fn verified() -> (AuditOutcome, String) {
    (AuditOutcome::Verified, String::new())
}

#[test]
fn a_healthy_run_is_verified() {
    let audit = AuditedRun::healthy().check();
    assert_eq!((audit.outcome, audit.cap_kept), (AuditOutcome::Verified, Some(true)), "{audit:?}");
    assert_eq!((audit.sent, audit.arrived, audit.recorded, audit.most_in_any_second), (4, Some(4), Some(4), Some(3)));
    assert_eq!((audit.created, audit.removed, audit.kept), (1, 1, 0));
}

/// One thing of the healthy run is changed, and what that is found as.
type Planted = (fn(&mut AuditedRun), &'static str);

#[test]
fn each_planted_contradiction_is_wrong() {
    let rows: [Planted; 13] = [
        (|run| run.stats.missed = 0, "planned 6 ≠ sent 4 + missed 0 + not reached 1"),
        (|run| run.stats.successful_requests = 2, "sent 4 ≠ ok 2 + failed 1 + cancelled 0"),
        (
            |run| {
                run.ledger.remove(0);
            },
            "4 requests were counted as sent, the client's ledger holds 3",
        ),
        (|run| run.ledger[0].0 = 1, "requests that left more than once: 1 (#1)"),
        (
            |run| run.arrived().arrivals.push((4, Duration::from_secs(3))),
            "requests that arrived more than once: 1 (#4)",
        ),
        (|run| run.arrived().late.push(4), "requests that arrived more than once: 1 (#4)"),
        (|run| run.rows().push(1), "requests that were recorded more than once: 1 (#1)"),
        (
            |run| {
                run.arrived().arrivals.remove(0);
            },
            "answered, but never noted as arrived: 1 (#0)",
        ),
        (|run| run.arrived().arrivals.push(at(9)), "arrived, but never sent: 1 (#9)"),
        (|run| run.arrived().late.push(9), "arrived, but never sent: 1 (#9)"),
        (|run| run.rows().push(9), "recorded in the database, but never sent: 1 (#9)"),
        (|run| run.rows().retain(|seq| *seq != 2), "not recorded in the database, nor counted as dropped: 1 (#2)"),
        (
            |run| run.clean_up = Some(CleanUp { removed: 1, kept: 1 }),
            "2 users of the run were found (1 removed, 1 kept), but it created 1",
        ),
    ];
    for (plant, words) in rows {
        let mut run = AuditedRun::healthy();
        plant(&mut run);
        let audit = run.check();
        assert_eq!(audit.outcome, AuditOutcome::Wrong, "{words}: {audit:?}");
        assert!(audit.differences.iter().any(|difference| difference == words), "{words}: {audit:?}");
    }
}

#[test]
fn a_user_that_is_neither_removed_nor_kept_is_wrong_and_one_that_is_kept_is_not() {
    let mut run = AuditedRun::healthy();
    run.clean_up = Some(CleanUp { removed: 0, kept: 0 });
    assert_eq!(run.outcome(), wrong("0 users of the run were found (0 removed, 0 kept), but it created 1"));
    run.clean_up = Some(CleanUp { removed: 0, kept: 1 });
    assert_eq!(run.outcome(), verified());
}

#[test]
fn a_create_without_an_answer_may_or_may_not_have_created_its_user() {
    let mut run = AuditedRun::with(1, Fate::Timeout).seen(10..11);
    run.creates.unanswered = 1;
    for (removed, expected) in [
        (0, wrong("0 users of the run were found (0 removed, 0 kept), but it created 1 to 2")),
        (1, verified()),
        (2, verified()),
        (3, wrong("3 users of the run were found (3 removed, 0 kept), but it created 1 to 2")),
    ] {
        run.clean_up = Some(CleanUp { removed, kept: 0 });
        assert_eq!(run.outcome(), expected, "{removed} removed");
    }
}

#[test]
fn each_planted_gap_makes_the_audit_incomplete() {
    let rows: [Planted; 5] = [
        (
            |run| {
                run.rows().retain(|seq| *seq != 2);
                run.dropped.recorded.insert(2);
            },
            "1 of 4 requests were not recorded (dropped, counted)",
        ),
        (
            |run| {
                run.dropped.ledger.insert(2);
            },
            "1 of 4 requests are missing in the stored ledger (dropped, counted)",
        ),
        (|run| run.rows = None, "the recorded requests could not be read"),
        (
            |run| run.clean_up = None,
            "the users that the run created could not be removed; the next start of the server does it",
        ),
        (|run| run.arrived = None, "what arrived is not known any more, because the server that ran it was killed"),
    ];
    for (plant, words) in rows {
        let mut run = AuditedRun::healthy();
        plant(&mut run);
        assert_eq!(run.outcome(), incomplete(words));
    }
}

#[test]
fn a_dropped_row_excuses_itself_and_no_other() {
    let mut run = AuditedRun::healthy();
    run.rows().retain(|seq| ![1, 2].contains(seq));
    run.dropped.recorded.insert(2);
    let (outcome, words) = run.outcome();
    assert_eq!(outcome, AuditOutcome::Wrong);
    assert!(words.starts_with("not recorded in the database, nor counted as dropped: 1 (#1)"), "{words}");
}

#[test]
fn a_few_requests_may_never_be_seen_to_arrive_and_more_than_that_may_not() {
    let many = |unseen: u32, seen: u32| {
        let mut run = AuditedRun::with(unseen, Fate::Timeout);
        run.stats.sent += seen;
        run.stats.planned += seen;
        run.stats.successful_requests += seen;
        run.ledger.extend((100..100 + seen).map(|seq| (seq, Fate::Answered(200))));
        run.seen(100..100 + seen).outcome()
    };
    assert_eq!(many(2, 0), verified(), "two of six");
    assert_eq!(many(3, 0), incomplete("3 of 7 requests ended without having been seen to arrive"));
    assert_eq!(many(3, 293), verified(), "1 % of 300");
    assert_eq!(many(3, 292), incomplete("3 of 299 requests ended without having been seen to arrive"));
}

#[test]
fn what_stop_cancelled_need_not_have_arrived() {
    let mut run = AuditedRun::with(3, Fate::Cancelled);
    run.stopped = true;
    assert_eq!(run.outcome(), verified());
    assert_eq!(run.check().never_arrived, Some(3), "and it is said");
    run.stopped = false;
    assert_eq!(run.outcome(), incomplete("3 of 7 requests ended without having been seen to arrive"));
}

#[test]
fn a_time_out_that_did_arrive_is_no_difference() {
    let run = AuditedRun::with(5, Fate::Timeout).seen(10..15);
    assert_eq!(run.outcome(), verified());
    assert_eq!((run.check().unanswered, run.check().never_arrived), (5, Some(0)), "and it is said");
}

#[test]
fn an_arrival_after_the_seal_is_not_part_of_the_run() {
    let mut run = AuditedRun::with(1, Fate::Timeout);
    run.arrived().late.push(10);
    run.rows().push(10);
    assert_eq!(run.outcome(), verified());
    assert_eq!((run.check().arrived, run.check().recorded), (Some(4), Some(4)));
    run.rows().pop();
    assert_eq!(run.outcome(), verified(), "whether it is recorded by now or not");
}

#[test]
fn after_a_crash_only_a_sum_or_a_repetition_is_wrong() {
    let mut run = AuditedRun::healthy();
    run.arrived = None;
    run.ledger.pop();
    run.rows().push(9);
    run.clean_up = Some(CleanUp { removed: 3, kept: 0 });
    assert_eq!(run.check().outcome, AuditOutcome::Incomplete, "nothing of that is a comparison of two whole sides");
    assert_eq!(run.check().cap_kept, None, "nobody knows");
    run.rows().push(9);
    assert_eq!(run.check().differences, ["requests that were recorded more than once: 1 (#9)"]);
    run.rows().pop();
    run.stats.missed = 7;
    assert_eq!(run.check().differences, ["planned 6 ≠ sent 4 + missed 7 + not reached 1"]);
}

#[test]
fn a_contradiction_outweighs_a_gap() {
    let mut run = AuditedRun::healthy();
    run.clean_up = None;
    run.rows().push(9);
    assert_eq!(run.check().outcome, AuditOutcome::Wrong);
}

#[test]
fn a_twenty_first_arrival_in_a_second_breaks_the_cap_but_not_the_audit() {
    let mut run = AuditedRun::healthy();
    run.stats = Stats { planned: 21, sent: 21, successful_requests: 21, ..Stats::default() };
    run.ledger = (0..21).map(|seq| (seq, Fate::Answered(200))).collect();
    run.arrived().arrivals = (0..21).map(|seq| (seq, Duration::from_millis(u64::from(seq) * 49))).collect();
    run.rows = Some((0..21).collect());
    let audit = run.check();
    assert_eq!((audit.outcome, audit.cap_kept), (AuditOutcome::Verified, Some(false)));
    assert_eq!(audit.most_in_any_second, Some(21));
}
