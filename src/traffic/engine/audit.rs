//! The audit: the check, at the end of each run, that every request is accounted for.
//!
//! Three sets of sequence numbers that were kept independently have to agree: the client's ledger, the arrivals that
//! the server noted in memory, and the rows that its metrics wrote to the database. They are compared as sets and not
//! as counts: a number that occurs twice is a hidden retry, and one that is missing is a lost row.
//!
//! A comparison is made only where both of its sides are whole, and a request whose row is known to be dropped is left
//! out of it. What could not be compared makes the audit incomplete, never verified.

use std::collections::BTreeMap;

use super::audit_outcome::{Audit, AuditOutcome, dropped_rows};
use super::evidence::{Arrived, CleanUp, Evidence};
use super::guard::most_in_any_second;
use super::outcome::Fate;
use super::stats::Stats;

/// Up to this many requests may end without having been seen to arrive, also in a small run.
const FEW: usize = 2;

/// Compares everything that is known about a run with everything that it can be compared with.
pub fn check(evidence: &Evidence<'_>) -> Audit {
    let sets = Sets::of(evidence);
    let differences =
        [sets.broken_sums(), sets.repetitions(), sets.mismatches(), sets.wrong_number_of_users()].concat();
    let gaps = sets.gaps();
    let outcome = match (differences.is_empty(), gaps.is_empty()) {
        (false, _) => AuditOutcome::Wrong,
        (true, false) => AuditOutcome::Incomplete,
        (true, true) => AuditOutcome::Verified,
    };
    let most_in_any_second = evidence.arrived.map(|arrived| {
        let mut times: Vec<_> = arrived.arrivals.iter().map(|(_, time)| *time).collect();
        most_in_any_second(&mut times)
    });
    let cap_violations = evidence.arrived.map_or(evidence.stats.cap_violations, |arrived| arrived.cap_violations);
    let clean_up = evidence.clean_up.unwrap_or_default();
    Audit {
        outcome,
        cap_kept: most_in_any_second.map(|most| most <= evidence.cap && cap_violations == 0),
        sent: if evidence.arrived.is_some() { evidence.ledger.len() as u32 } else { evidence.stats.sent },
        unanswered: evidence.ledger.iter().filter(|(_, fate)| fate.is_transport_failure()).count() as u32,
        never_arrived: sets.never_arrived().map(|fates| fates.len() as u32),
        arrived: evidence.arrived.map(|arrived| occurrences(before_the_seal(arrived)).len() as u32),
        recorded: sets.rows.as_ref().map(|rows| rows.keys().filter(|seq| !sets.is_late(**seq)).count() as u32),
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

/// Sequence numbers, each with the number of times that it occurs.
type Occurrences = BTreeMap<u32, u32>;

fn occurrences(seqs: impl Iterator<Item = u32>) -> Occurrences {
    let mut occurrences = BTreeMap::new();
    for seq in seqs {
        *occurrences.entry(seq).or_insert(0) += 1;
    }
    occurrences
}

fn before_the_seal(arrived: &Arrived) -> impl Iterator<Item = u32> + '_ {
    arrived.arrivals.iter().map(|(seq, _)| *seq)
}

/// "what: 3 (#0, #1, #7)": how many requests there are, and the first five of them. `None` if there are none.
fn finding(what: &str, seqs: impl Iterator<Item = u32>) -> Option<String> {
    let seqs: Vec<u32> = seqs.collect();
    let first: Vec<String> = seqs.iter().take(5).map(|seq| format!("#{seq}")).collect();
    let more = if seqs.len() > first.len() { ", …" } else { "" };
    (!seqs.is_empty()).then(|| format!("{what}: {} ({}{more})", seqs.len(), first.join(", ")))
}

/// The three sets of sequence numbers, as far as they are known.
struct Sets<'a> {
    evidence: &'a Evidence<'a>,
    ledger: Occurrences,
    /// Includes the requests that arrived after the run was sealed.
    arrived: Option<Occurrences>,
    rows: Option<Occurrences>,
}

impl<'a> Sets<'a> {
    fn of(evidence: &'a Evidence<'a>) -> Self {
        let every_arrival =
            |arrived: &Arrived| occurrences(before_the_seal(arrived).chain(arrived.late.iter().copied()));
        Self {
            ledger: occurrences(evidence.ledger.iter().map(|(seq, _)| *seq)),
            arrived: evidence.arrived.map(every_arrival),
            rows: evidence.rows.map(|rows| occurrences(rows.iter().map(|row| row.seq))),
            evidence,
        }
    }

    /// Did the request arrive after the run was sealed? Then it is not part of the run, whether it is recorded or not.
    fn is_late(&self, seq: u32) -> bool {
        self.evidence.arrived.is_some_and(|arrived| arrived.late.contains(&seq))
    }

    /// Was no row of the request dropped, so that a missing row is a fault?
    fn is_whole(&self, seq: u32) -> bool {
        !self.evidence.dropped.contains(seq)
    }

    /// The sums of the run's own numbers that do not hold.
    fn broken_sums(&self) -> Vec<String> {
        let Stats { planned, sent, missed, not_reached, cancelled, .. } = *self.evidence.stats;
        let ok = self.evidence.stats.successful_requests;
        let failed = self.evidence.stats.failed_requests;
        let in_ledger = self.evidence.ledger.len();
        let mut broken = Vec::new();
        if planned != sent + missed + not_reached {
            broken.push(format!("planned {planned} ≠ sent {sent} + missed {missed} + not reached {not_reached}"));
        }
        if sent != ok + failed + cancelled {
            broken.push(format!("sent {sent} ≠ ok {ok} + failed {failed} + cancelled {cancelled}"));
        }
        // After a crash the ledger may lack what the server still recorded.
        if self.evidence.arrived.is_some() && sent as usize != in_ledger {
            broken.push(format!("{sent} requests were counted as sent, the client's ledger holds {in_ledger}"));
        }
        broken
    }

    /// The requests that occur more than once in one of the sets.
    fn repetitions(&self) -> Vec<String> {
        let sets =
            [("left", Some(&self.ledger)), ("arrived", self.arrived.as_ref()), ("were recorded", self.rows.as_ref())];
        let repetition = |(what, set): (&str, Option<&Occurrences>)| {
            let repeated = set?.iter().filter(|(_, times)| **times > 1).map(|(seq, _)| *seq);
            finding(&format!("requests that {what} more than once"), repeated)
        };
        sets.into_iter().filter_map(repetition).collect()
    }

    /// The requests that are in one set and not in another one in which they should be. Without the arrivals no set is
    /// known to be whole, so nothing is compared.
    fn mismatches(&self) -> Vec<String> {
        let Some(arrived) = &self.arrived else { return Vec::new() };
        let is_whole = |seq: &u32| self.is_whole(*seq);
        let was_sent = |seq: &u32| self.ledger.contains_key(seq);
        let has_arrived = |seq: &u32| arrived.contains_key(seq);
        let answered = self.evidence.ledger.iter().filter(|(_, fate)| fate.status().is_some()).map(|(seq, _)| *seq);
        let unseen = answered.filter(|seq| !has_arrived(seq) && is_whole(seq));
        let unsent = arrived.keys().copied().filter(|seq| !was_sent(seq) && is_whole(seq));
        let mut found =
            vec![finding("answered, but never noted as arrived", unseen), finding("arrived, but never sent", unsent)];
        if let Some(rows) = &self.rows {
            let unsent = rows.keys().copied().filter(|seq| !was_sent(seq) && is_whole(seq));
            let unseen = rows.keys().copied().filter(|seq| was_sent(seq) && !has_arrived(seq) && is_whole(seq));
            let is_lost = |seq: &u32| !rows.contains_key(seq) && !self.is_late(*seq) && is_whole(seq);
            found.extend([
                finding("recorded in the database, but never sent", unsent),
                finding("recorded in the database, but never noted as arrived", unseen),
                finding(
                    "not recorded in the database, nor counted as dropped",
                    arrived.keys().copied().filter(is_lost),
                ),
            ]);
        }
        found.into_iter().flatten().collect()
    }

    /// Whether the clean-up found as many users of the run as its answers say. A create without an answer may have
    /// created its user or not.
    fn wrong_number_of_users(&self) -> Vec<String> {
        let Evidence { creates, clean_up: Some(clean_up), arrived: Some(_), .. } = self.evidence else {
            return Vec::new();
        };
        let least = creates.answered;
        let most = creates.answered + creates.unanswered;
        let found = clean_up.removed + clean_up.kept;
        if (least..=most).contains(&found) {
            return Vec::new();
        }
        let created = if most > least { format!("{least} to {most}") } else { least.to_string() };
        let CleanUp { removed, kept } = clean_up;
        vec![format!("{found} users of the run were found ({removed} removed, {kept} kept), but it created {created}")]
    }

    /// The ends of the requests that were never seen to arrive. `None` if the arrivals are not known.
    fn never_arrived(&self) -> Option<Vec<Fate>> {
        let arrived = self.arrived.as_ref()?;
        let never = self.evidence.ledger.iter().filter(|(seq, _)| !arrived.contains_key(seq));
        Some(never.map(|(_, fate)| *fate).collect())
    }

    /// What is not known, or not known as a whole.
    fn gaps(&self) -> Vec<String> {
        let Evidence { dropped, rows, clean_up, arrived, stopped, .. } = self.evidence;
        let sent = self.ledger.len();
        let mut gaps = dropped_rows(dropped.recorded.len() as u32, dropped.ledger.len() as u32, sent as u32);
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
        let cancelled_on_purpose = |fate: &Fate| *stopped && *fate == Fate::Cancelled;
        let never_arrived = self.never_arrived().unwrap_or_default();
        let unseen = never_arrived.iter().filter(|fate| !cancelled_on_purpose(fate)).count();
        if unseen > FEW && unseen * 100 > sent {
            gaps.push(format!("{unseen} of {sent} requests ended without having been seen to arrive"));
        }
        gaps
    }
}

#[cfg(test)]
mod tests;
