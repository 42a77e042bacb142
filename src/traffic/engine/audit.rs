//! The audit: the check, at the end of each run, that every request is accounted for.
//!
//! Three sets of sequence numbers that were kept independently have to agree: the client's ledger,
//! the arrivals that the server noted in memory, and the rows that its metrics wrote to the
//! database. As sets, not as counts: a duplicate is a hidden retry, a gap is a lost row.
//!
//! A comparison is made only where both of its sides are whole, and a request whose row is known to
//! be dropped is left out of it. What could not be compared makes the audit incomplete, never verified.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::{Arrived, Evidence};
use super::guard::most_in_any_second;
use super::outcome::Fate;

/// How many requests may end without having been seen to arrive, whatever the size of the run.
const FEW: usize = 2;

/// What the audit found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuditOutcome {
    /// What is known contradicts itself.
    Wrong,
    /// Nothing contradicts itself, but not everything is known.
    Incomplete,
    /// Every request is accounted for.
    Verified,
}

/// The result, stored with the run and shown in words. A number that nobody knows is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", from = "StoredAudit")]
pub struct Audit {
    /// What was found.
    pub outcome: AuditOutcome,
    /// Did no second see more arrivals than the cap? Absent when the arrivals are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_kept: Option<bool>,
    /// Requests that left, by the client's ledger.
    pub sent: u32,
    /// Of these: ended by a time-out or a broken connection, without an answer.
    pub unanswered: u32,
    /// Of those that left: ended, and were never seen to arrive. Absent when the arrivals are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_arrived: Option<u32>,
    /// Requests that arrived, by the server's arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived: Option<u32>,
    /// Requests that the metrics recorded, by the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<u32>,
    /// Rows of the metrics that were dropped and counted.
    pub dropped: u32,
    /// Rows of the stored ledger that were dropped and counted.
    pub ledger_dropped: u32,
    /// The most arrivals in any second, as the receiver saw them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_in_any_second: Option<u32>,
    /// What `mostInAnySecond` must not exceed.
    pub cap: u32,
    /// Arrivals that the guard refused.
    pub cap_violations: u32,
    /// Users that the run created, by the answers to its client.
    pub created: u32,
    /// Users that were removed afterwards.
    pub removed: u32,
    /// Users that stay, because a real client wrote to them.
    pub kept: u32,
    /// Each contradiction, in words. Empty unless the outcome is `wrong`.
    pub differences: Vec<String>,
    /// Everything that is not known, in words. Empty when the outcome is `verified`.
    pub gaps: Vec<String>,
}

/// An audit as this version or an earlier one stored it: that one said `verified` or not, also when rows were dropped.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StoredAudit {
    outcome: Option<AuditOutcome>,
    verified: bool,
    cap_kept: Option<bool>,
    sent: u32,
    unanswered: u32,
    never_arrived: Option<u32>,
    arrived: Option<u32>,
    recorded: Option<u32>,
    dropped: u32,
    ledger_dropped: u32,
    most_in_any_second: Option<u32>,
    cap: u32,
    cap_violations: u32,
    created: u32,
    removed: u32,
    kept: u32,
    differences: Vec<String>,
    gaps: Vec<String>,
}

impl From<StoredAudit> for Audit {
    fn from(stored: StoredAudit) -> Self {
        let gaps = match stored.outcome {
            Some(_) => stored.gaps,
            None => dropped_words(stored.dropped as usize, stored.ledger_dropped as usize, stored.sent),
        };
        let outcome = stored.outcome.unwrap_or(match (stored.verified, gaps.is_empty()) {
            (false, _) => AuditOutcome::Wrong,
            (true, false) => AuditOutcome::Incomplete,
            (true, true) => AuditOutcome::Verified,
        });
        Self {
            outcome,
            cap_kept: stored.cap_kept,
            sent: stored.sent,
            unanswered: stored.unanswered,
            never_arrived: stored.never_arrived,
            arrived: stored.arrived,
            recorded: stored.recorded,
            dropped: stored.dropped,
            ledger_dropped: stored.ledger_dropped,
            most_in_any_second: stored.most_in_any_second,
            cap: stored.cap,
            cap_violations: stored.cap_violations,
            created: stored.created,
            removed: stored.removed,
            kept: stored.kept,
            differences: stored.differences,
            gaps,
        }
    }
}

/// How often each sequence number occurs.
type Counts = BTreeMap<u32, u32>;

fn counts(seqs: impl Iterator<Item = u32>) -> Counts {
    let mut counts = BTreeMap::new();
    for seq in seqs {
        *counts.entry(seq).or_insert(0) += 1;
    }
    counts
}

/// "3 (#0, #1, #7)": how many, and the first few of them. `None` when there is none.
fn named(seqs: impl Iterator<Item = u32>) -> Option<String> {
    let seqs: Vec<u32> = seqs.collect();
    let first: Vec<String> = seqs.iter().take(5).map(|seq| format!("#{seq}")).collect();
    let more = if seqs.len() > 5 { ", …" } else { "" };
    (!seqs.is_empty()).then(|| format!("{} ({}{more})", seqs.len(), first.join(", ")))
}

/// What was dropped, in words.
fn dropped_words(recorded: usize, ledger: usize, sent: u32) -> Vec<String> {
    let words = |dropped: usize, what: &str| {
        (dropped > 0).then(|| format!("{dropped} of {sent} requests {what} (dropped, counted)"))
    };
    let recorded = words(recorded, "were not recorded");
    recorded.into_iter().chain(words(ledger, "are missing in the stored ledger")).collect()
}

/// The three sets, as far as they are known.
struct Sets<'a> {
    evidence: &'a Evidence<'a>,
    ledger: Counts,
    /// Also those that arrived after the seal.
    arrived: Option<Counts>,
    rows: Option<Counts>,
}

impl<'a> Sets<'a> {
    fn of(evidence: &'a Evidence<'a>) -> Self {
        let every_arrival = |Arrived { arrivals, late, .. }: &Arrived| {
            counts(arrivals.iter().map(|(seq, _)| *seq).chain(late.iter().copied()))
        };
        Self {
            ledger: counts(evidence.ledger.iter().map(|(seq, _)| *seq)),
            arrived: evidence.arrived.map(every_arrival),
            rows: evidence.rows.map(|rows| counts(rows.iter().map(|row| row.seq))),
            evidence,
        }
    }

    fn is_late(&self, seq: u32) -> bool {
        self.evidence.arrived.is_some_and(|arrived| arrived.late.contains(&seq))
    }

    /// The sums of the run's own numbers that do not hold.
    fn sums(&self) -> Vec<String> {
        let stats = self.evidence.stats;
        let (planned, sent, missed, not_reached) = (stats.planned, stats.sent, stats.missed, stats.not_reached);
        let (ok, failed, cancelled) = (stats.successful_requests, stats.failed_requests, stats.cancelled);
        // After a crash the ledger may lack what the server still recorded.
        let of_ledger = self.evidence.arrived.map_or(sent as usize, |_| self.evidence.ledger.len());
        let sums = [
            (
                planned == sent + missed + not_reached,
                format!("planned {planned} ≠ sent {sent} + missed {missed} + not reached {not_reached}"),
            ),
            (
                sent == ok + failed + cancelled,
                format!("sent {sent} ≠ ok {ok} + failed {failed} + cancelled {cancelled}"),
            ),
            (
                sent as usize == of_ledger,
                format!("{sent} requests were counted as sent, the client's ledger holds {of_ledger}"),
            ),
        ];
        sums.into_iter().filter(|(holds, _)| !holds).map(|(_, words)| words).collect()
    }

    /// What occurs more than once in one of the sets.
    fn repeated(&self) -> Vec<String> {
        let sets =
            [("left", Some(&self.ledger)), ("arrived", self.arrived.as_ref()), ("were recorded", self.rows.as_ref())];
        let words = |(what, set): (&str, Option<&Counts>)| {
            let twice = named(set?.iter().filter(|(_, n)| **n > 1).map(|(seq, _)| *seq))?;
            Some(format!("requests that {what} more than once: {twice}"))
        };
        sets.into_iter().filter_map(words).collect()
    }

    /// What is in one set and should be in another. Only what is whole is compared: without the arrivals nothing is.
    fn strangers(&self) -> Vec<String> {
        let Some(arrived) = &self.arrived else { return Vec::new() };
        let is_known = |seq: &u32| !self.evidence.dropped.contains(*seq);
        let answered = self.evidence.ledger.iter().filter(|(_, fate)| matches!(fate, Fate::Answered(_)));
        let unseen = answered.map(|(seq, _)| *seq).filter(|seq| !arrived.contains_key(seq) && is_known(seq));
        let not_sent = |seq: &u32| !self.ledger.contains_key(seq) && is_known(seq);
        let mut found = vec![
            ("answered, but never noted as arrived", named(unseen)),
            ("arrived, but never sent", named(arrived.keys().copied().filter(not_sent))),
        ];
        if let Some(rows) = &self.rows {
            let lost = |seq: &u32| !rows.contains_key(seq) && !self.is_late(*seq) && is_known(seq);
            let unnoted = |seq: &u32| self.ledger.contains_key(seq) && !arrived.contains_key(seq) && is_known(seq);
            found.extend([
                ("recorded in the database, but never sent", named(rows.keys().copied().filter(not_sent))),
                ("recorded in the database, but never noted as arrived", named(rows.keys().copied().filter(unnoted))),
                ("not recorded in the database, nor counted as dropped", named(arrived.keys().copied().filter(lost))),
            ]);
        }
        found.into_iter().filter_map(|(what, seqs)| Some(format!("{what}: {}", seqs?))).collect()
    }

    /// The users that were created against those that were found afterwards.
    fn users(&self) -> Option<String> {
        let Evidence { creates, clean_up, arrived, .. } = self.evidence;
        let (clean_up, _arrived) = (clean_up.as_ref()?, arrived.as_ref()?);
        let (least, most) = (creates.answered, creates.answered + creates.unanswered);
        let found = clean_up.removed + clean_up.kept;
        (!(least..=most).contains(&found)).then(|| {
            format!(
                "{found} users of the run were found ({} removed, {} kept), but it created {least}{}",
                clean_up.removed,
                clean_up.kept,
                if most > least { format!(" to {most}") } else { String::new() }
            )
        })
    }

    /// Those that ended, and were never seen to arrive.
    fn never_arrived(&self) -> Option<Vec<Fate>> {
        let arrived = self.arrived.as_ref()?;
        let never = self.evidence.ledger.iter().filter(|(seq, _)| !arrived.contains_key(seq));
        Some(never.map(|(_, fate)| *fate).collect())
    }

    /// What is not known, or not whole.
    fn gaps(&self) -> Vec<String> {
        let Evidence { dropped, rows, clean_up, arrived, stopped, .. } = self.evidence;
        let sent = self.ledger.len();
        let mut gaps = dropped_words(dropped.recorded.len(), dropped.ledger.len(), sent as u32);
        if rows.is_none() {
            gaps.push("the recorded requests could not be read".to_owned());
        }
        if clean_up.is_none() {
            let words = "the users that the run created could not be removed; the next start of the server does it";
            gaps.push(words.to_owned());
        }
        if arrived.is_none() {
            gaps.push("what arrived is not known any more, because the server that ran it was killed".to_owned());
        }
        let cancelled_on_purpose = |fate: &&Fate| *stopped && **fate == Fate::Cancelled;
        let unseen =
            self.never_arrived().map_or(0, |fates| fates.iter().filter(|fate| !cancelled_on_purpose(fate)).count());
        if unseen > FEW && unseen * 100 > sent {
            gaps.push(format!("{unseen} of {sent} requests ended without having been seen to arrive"));
        }
        gaps
    }
}

/// Compares everything with everything that it can be compared with.
pub fn check(evidence: &Evidence<'_>) -> Audit {
    let sets = Sets::of(evidence);
    let differences: Vec<String> =
        [sets.sums(), sets.repeated(), sets.strangers()].into_iter().flatten().chain(sets.users()).collect();
    let gaps = sets.gaps();
    let outcome = match (differences.is_empty(), gaps.is_empty()) {
        (false, _) => AuditOutcome::Wrong,
        (true, false) => AuditOutcome::Incomplete,
        (true, true) => AuditOutcome::Verified,
    };
    let arrivals = evidence.arrived.map(|arrived| counts(arrived.arrivals.iter().map(|(seq, _)| *seq)));
    let recorded = |rows: &Counts| rows.keys().filter(|seq| !sets.is_late(**seq)).count() as u32;
    let most_in_any_second = evidence.arrived.map(|arrived| {
        let mut times: Vec<_> = arrived.arrivals.iter().map(|(_, time)| *time).collect();
        most_in_any_second(&mut times)
    });
    let cap_violations = evidence.arrived.map_or(evidence.stats.cap_violations, |arrived| arrived.cap_violations);
    let clean_up = evidence.clean_up.unwrap_or_default();
    Audit {
        outcome,
        cap_kept: most_in_any_second.map(|most| most <= evidence.cap && cap_violations == 0),
        // After a crash the ledger may lack what the server still recorded.
        sent: evidence.arrived.map_or(evidence.stats.sent, |_| evidence.ledger.len() as u32),
        unanswered: evidence.ledger.iter().filter(|(_, fate)| fate.is_transport_failure()).count() as u32,
        never_arrived: sets.never_arrived().map(|fates| fates.len() as u32),
        arrived: arrivals.map(|arrivals| arrivals.len() as u32),
        recorded: sets.rows.as_ref().map(recorded),
        dropped: evidence.dropped.recorded.len() as u32,
        ledger_dropped: evidence.dropped.ledger.len() as u32,
        most_in_any_second,
        cap: evidence.cap,
        cap_violations,
        created: evidence.creates.answered,
        removed: clean_up.removed,
        kept: clean_up.kept,
        differences,
        gaps,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::evidence::{CleanUp, Creates, Dropped};
    use super::exchange::ServerSide;
    use super::stats::Stats;
    use super::*;

    /// A healthy run of four requests, the last of which created a user; the tests below break it in one place each.
    struct Run {
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

    impl Run {
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
        let audit = Run::healthy().check();
        assert_eq!((audit.outcome, audit.cap_kept), (AuditOutcome::Verified, Some(true)), "{audit:?}");
        assert_eq!(
            (audit.sent, audit.arrived, audit.recorded, audit.most_in_any_second),
            (4, Some(4), Some(4), Some(3))
        );
        assert_eq!((audit.created, audit.removed, audit.kept), (1, 1, 0));
    }

    /// One thing of the healthy run is changed, and what that is found as.
    type Planted = (fn(&mut Run), &'static str);

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
            let mut run = Run::healthy();
            plant(&mut run);
            let audit = run.check();
            assert_eq!(audit.outcome, AuditOutcome::Wrong, "{words}: {audit:?}");
            assert!(audit.differences.iter().any(|difference| difference == words), "{words}: {audit:?}");
        }
    }

    #[test]
    fn a_user_that_is_neither_removed_nor_kept_is_wrong_and_one_that_is_kept_is_not() {
        let mut run = Run::healthy();
        run.clean_up = Some(CleanUp { removed: 0, kept: 0 });
        assert_eq!(run.outcome(), wrong("0 users of the run were found (0 removed, 0 kept), but it created 1"));
        run.clean_up = Some(CleanUp { removed: 0, kept: 1 });
        assert_eq!(run.outcome(), verified());
    }

    #[test]
    fn a_create_without_an_answer_may_or_may_not_have_created_its_user() {
        let mut run = Run::with(1, Fate::Timeout).seen(10..11);
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
            let mut run = Run::healthy();
            plant(&mut run);
            assert_eq!(run.outcome(), incomplete(words));
        }
    }

    #[test]
    fn a_dropped_row_excuses_itself_and_no_other() {
        let mut run = Run::healthy();
        run.rows().retain(|seq| ![1, 2].contains(seq));
        run.dropped.recorded.insert(2);
        let (outcome, words) = run.outcome();
        assert_eq!(outcome, AuditOutcome::Wrong);
        assert!(words.starts_with("not recorded in the database, nor counted as dropped: 1 (#1)"), "{words}");
    }

    #[test]
    fn a_few_requests_may_never_be_seen_to_arrive_and_more_than_that_may_not() {
        let many = |unseen: u32, seen: u32| {
            let mut run = Run::with(unseen, Fate::Timeout);
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
        let mut run = Run::with(3, Fate::Cancelled);
        run.stopped = true;
        assert_eq!(run.outcome(), verified());
        assert_eq!(run.check().never_arrived, Some(3), "and it is said");
        run.stopped = false;
        assert_eq!(run.outcome(), incomplete("3 of 7 requests ended without having been seen to arrive"));
    }

    #[test]
    fn a_time_out_that_did_arrive_is_no_difference() {
        let run = Run::with(5, Fate::Timeout).seen(10..15);
        assert_eq!(run.outcome(), verified());
        assert_eq!((run.check().unanswered, run.check().never_arrived), (5, Some(0)), "and it is said");
    }

    #[test]
    fn an_arrival_after_the_seal_is_not_part_of_the_run() {
        let mut run = Run::with(1, Fate::Timeout);
        run.arrived().late.push(10);
        run.rows().push(10);
        assert_eq!(run.outcome(), verified());
        assert_eq!((run.check().arrived, run.check().recorded), (Some(4), Some(4)));
        run.rows().pop();
        assert_eq!(run.outcome(), verified(), "whether it is recorded by now or not");
    }

    #[test]
    fn after_a_crash_only_a_sum_or_a_repetition_is_wrong() {
        let mut run = Run::healthy();
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
        let mut run = Run::healthy();
        run.clean_up = None;
        run.rows().push(9);
        assert_eq!(run.check().outcome, AuditOutcome::Wrong);
    }

    #[test]
    fn a_twenty_first_arrival_in_a_second_breaks_the_cap_but_not_the_audit() {
        let mut run = Run::healthy();
        run.stats = Stats { planned: 21, sent: 21, successful_requests: 21, ..Stats::default() };
        run.ledger = (0..21).map(|seq| (seq, Fate::Answered(200))).collect();
        run.arrived().arrivals = (0..21).map(|seq| (seq, Duration::from_millis(u64::from(seq) * 49))).collect();
        run.rows = Some((0..21).collect());
        let audit = run.check();
        assert_eq!((audit.outcome, audit.cap_kept), (AuditOutcome::Verified, Some(false)));
        assert_eq!(audit.most_in_any_second, Some(21));
    }
}
