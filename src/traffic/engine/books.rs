//! The books: the check, at the end of each run, that every request is accounted for.
//!
//! Three sets of sequence numbers that were kept independently have to agree: the client's ledger,
//! the arrivals that the server noted in memory, and the rows that its metrics wrote to the
//! database. As sets, not as counts: a duplicate is a hidden retry, a gap is a lost row.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::guard::most_in_any_second;
use super::outcome::Fate;
use super::stats::Stats;

/// What is known about a run when it is closed.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The run's own numbers.
    pub stats: &'a Stats,
    /// The client's ledger: each request that left, with its end.
    pub ledger: &'a [(u32, Fate)],
    /// Each arrival that the server noted, with its time on one clock.
    pub arrivals: &'a [(u32, Duration)],
    /// Arrivals after the run was sealed: refused, and not part of the run.
    pub late: &'a [u32],
    /// The rows that the metrics recorded for the run, read back from the database.
    pub rows: &'a [u32],
    /// Rows of the run that a full channel or a broken database cost.
    pub dropped: u32,
    /// The cap of this process, in requests per second.
    pub cap: u32,
    /// Arrivals that the guard refused, because they broke the cap.
    pub cap_violations: u32,
}

/// The result, stored with the run and shown in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Books {
    /// Is every request accounted for?
    pub verified: bool,
    /// Did no second see more arrivals than the cap?
    pub cap_kept: bool,
    /// Requests that left, by the client's ledger.
    pub sent: u32,
    /// Of these: ended in a transport error or were cancelled, and never arrived.
    pub never_arrived: u32,
    /// Requests that arrived, by the server's arrivals.
    pub arrived: u32,
    /// Requests that the metrics recorded, by the database.
    pub recorded: u32,
    /// Rows of the metrics that were dropped and counted.
    pub dropped: u32,
    /// Rows of the stored ledger that were dropped and counted; the books use the one in memory.
    pub ledger_dropped: u32,
    /// The most arrivals in any second, as the receiver saw them.
    pub most_in_any_second: u32,
    /// What `mostInAnySecond` must not exceed.
    pub cap: u32,
    /// Arrivals that the guard refused.
    pub cap_violations: u32,
    /// Users that the run created.
    pub created: u32,
    /// Users that were removed afterwards.
    pub removed: u32,
    /// Each way in which the books don't balance, in words. Empty when verified.
    pub differences: Vec<String>,
}

/// How often each sequence number occurs.
fn counts(seqs: impl Iterator<Item = u32>) -> BTreeMap<u32, u32> {
    let mut counts = BTreeMap::new();
    for seq in seqs {
        *counts.entry(seq).or_insert(0) += 1;
    }
    counts
}

/// "3 (0, 1, 7)": how many, and the first few of them.
fn named(seqs: &[u32]) -> String {
    let first: Vec<String> = seqs.iter().take(5).map(|seq| format!("#{seq}")).collect();
    let more = if seqs.len() > 5 { ", …" } else { "" };
    format!("{} ({}{more})", seqs.len(), first.join(", "))
}

/// Compares everything with everything.
pub fn check(evidence: &Evidence<'_>) -> Books {
    let stats = evidence.stats;
    let mut differences = Vec::new();
    let mut expect = |holds: bool, words: String| {
        if !holds {
            differences.push(words);
        }
    };
    expect(
        stats.planned == stats.sent + stats.missed + stats.not_reached,
        format!(
            "planned {} ≠ sent {} + missed {} + not reached {}",
            stats.planned, stats.sent, stats.missed, stats.not_reached
        ),
    );
    let (ok, failed, cancelled) = (stats.successful_requests, stats.failed_requests, stats.cancelled);
    expect(
        stats.sent == ok + failed + cancelled,
        format!("sent {} ≠ ok {ok} + failed {failed} + cancelled {cancelled}", stats.sent),
    );
    expect(
        stats.sent as usize == evidence.ledger.len(),
        format!("{} requests were counted as sent, the client's ledger holds {}", stats.sent, evidence.ledger.len()),
    );

    let arrived = counts(evidence.arrivals.iter().map(|(seq, _)| *seq));
    let ledger = counts(evidence.ledger.iter().map(|(seq, _)| *seq));
    let rows = counts(evidence.rows.iter().copied());
    for (name, set) in [("left", &ledger), ("arrived", &arrived), ("were recorded", &rows)] {
        let twice: Vec<u32> = set.iter().filter(|(_, n)| **n > 1).map(|(seq, _)| *seq).collect();
        expect(twice.is_empty(), format!("requests that {name} more than once: {}", named(&twice)));
    }

    let (mut never_arrived, mut lost) = (0, Vec::new());
    for (seq, fate) in evidence.ledger.iter().filter(|(seq, _)| !arrived.contains_key(seq)) {
        if fate.is_transport_failure() || *fate == Fate::Cancelled {
            never_arrived += 1;
        } else {
            lost.push(*seq);
        }
    }
    expect(lost.is_empty(), format!("answered, but never noted as arrived: {}", named(&lost)));
    let strangers: Vec<u32> = arrived.keys().filter(|seq| !ledger.contains_key(seq)).copied().collect();
    expect(strangers.is_empty(), format!("arrived, but not in the client's ledger: {}", named(&strangers)));

    let unrecorded: Vec<u32> = arrived.keys().filter(|seq| !rows.contains_key(seq)).copied().collect();
    expect(
        unrecorded.len() <= evidence.dropped as usize,
        format!(
            "arrived, but not recorded in the database: {}; counted as dropped: {}",
            named(&unrecorded),
            evidence.dropped
        ),
    );
    let unseen: Vec<u32> =
        rows.keys().filter(|seq| !arrived.contains_key(seq) && !evidence.late.contains(seq)).copied().collect();
    expect(unseen.is_empty(), format!("recorded in the database, but never noted as arrived: {}", named(&unseen)));

    let mut times: Vec<Duration> = evidence.arrivals.iter().map(|(_, time)| *time).collect();
    let most_in_any_second = most_in_any_second(&mut times);
    Books {
        verified: differences.is_empty(),
        cap_kept: most_in_any_second <= evidence.cap && evidence.cap_violations == 0,
        sent: evidence.ledger.len() as u32,
        never_arrived,
        arrived: arrived.len() as u32,
        recorded: rows.keys().filter(|seq| arrived.contains_key(seq)).count() as u32,
        dropped: evidence.dropped,
        ledger_dropped: 0,
        most_in_any_second,
        cap: evidence.cap,
        cap_violations: evidence.cap_violations,
        created: 0,
        removed: 0,
        differences,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A healthy run of four requests; the tests below break it in one place each.
    struct Run {
        stats: Stats,
        ledger: Vec<(u32, Fate)>,
        arrivals: Vec<(u32, Duration)>,
        late: Vec<u32>,
        rows: Vec<u32>,
        dropped: u32,
        cap_violations: u32,
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
                arrivals: [0, 1, 2, 4].map(|seq| (seq, Duration::from_millis(u64::from(seq) * 300))).to_vec(),
                late: Vec::new(),
                rows: vec![4, 2, 1, 0],
                dropped: 0,
                cap_violations: 0,
            }
        }

        fn check(&self) -> Books {
            check(&Evidence {
                stats: &self.stats,
                ledger: &self.ledger,
                arrivals: &self.arrivals,
                late: &self.late,
                rows: &self.rows,
                dropped: self.dropped,
                cap: 20,
                cap_violations: self.cap_violations,
            })
        }

        fn difference(&self) -> String {
            let books = self.check();
            assert!(!books.verified);
            books.differences.join("; ")
        }
    }

    #[test]
    fn a_healthy_run_balances() {
        let books = Run::healthy().check();
        assert_eq!(books.differences, Vec::<String>::new());
        assert!(books.verified && books.cap_kept);
        assert_eq!((books.sent, books.arrived, books.recorded, books.most_in_any_second), (4, 4, 4, 3));
    }

    #[test]
    fn a_lost_row_is_found() {
        let mut run = Run::healthy();
        run.rows.retain(|seq| *seq != 2);
        assert_eq!(run.difference(), "arrived, but not recorded in the database: 1 (#2); counted as dropped: 0");
    }

    #[test]
    fn a_lost_row_that_was_counted_as_dropped_is_accounted_for() {
        let mut run = Run::healthy();
        run.rows.retain(|seq| *seq != 2);
        run.dropped = 1;
        let books = run.check();
        assert!(books.verified);
        assert_eq!((books.recorded, books.dropped), (3, 1));
    }

    #[test]
    fn a_duplicate_row_is_found() {
        let mut run = Run::healthy();
        run.rows.push(1);
        assert_eq!(run.difference(), "requests that were recorded more than once: 1 (#1)");
    }

    #[test]
    fn a_hidden_retry_is_found() {
        let mut run = Run::healthy();
        run.arrivals.push((4, Duration::from_secs(3)));
        assert_eq!(run.difference(), "requests that arrived more than once: 1 (#4)");
    }

    #[test]
    fn a_row_of_a_request_that_nobody_sent_is_found() {
        let mut run = Run::healthy();
        run.rows.push(9);
        assert_eq!(run.difference(), "recorded in the database, but never noted as arrived: 1 (#9)");
    }

    #[test]
    fn an_arrival_after_the_seal_is_not_part_of_the_run() {
        let mut run = Run::healthy();
        run.rows.push(9);
        run.late.push(9);
        assert!(run.check().verified);
    }

    #[test]
    fn a_cancelled_request_may_or_may_not_have_arrived() {
        let mut run = Run::healthy();
        run.stats.sent = 6;
        run.stats.planned = 8;
        run.stats.cancelled = 2;
        run.ledger.extend([(5, Fate::Cancelled), (6, Fate::Cancelled)]);
        run.arrivals.push((5, Duration::from_secs(2)));
        run.rows.push(5);
        let books = run.check();
        assert!(books.verified, "{:?}", books.differences);
        assert_eq!((books.sent, books.never_arrived, books.arrived), (6, 1, 5));
    }

    #[test]
    fn an_answer_without_an_arrival_is_found() {
        let mut run = Run::healthy();
        run.arrivals.remove(0);
        run.rows.retain(|seq| *seq != 0);
        assert_eq!(run.difference(), "answered, but never noted as arrived: 1 (#0)");
    }

    #[test]
    fn numbers_that_do_not_add_up_are_found() {
        let mut run = Run::healthy();
        run.stats.missed = 0;
        assert_eq!(run.difference(), "planned 6 ≠ sent 4 + missed 0 + not reached 1");
    }

    #[test]
    fn a_twenty_first_arrival_in_a_second_breaks_the_cap_but_not_the_books() {
        let mut run = Run::healthy();
        run.stats = Stats { planned: 21, sent: 21, successful_requests: 21, ..Stats::default() };
        run.ledger = (0..21).map(|seq| (seq, Fate::Answered(200))).collect();
        run.arrivals = (0..21).map(|seq| (seq, Duration::from_millis(u64::from(seq) * 49))).collect();
        run.rows = (0..21).collect();
        let books = run.check();
        assert!(books.verified && !books.cap_kept);
        assert_eq!(books.most_in_any_second, 21);
    }
}
