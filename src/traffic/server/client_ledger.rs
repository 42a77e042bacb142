//! The client's ledger of a run: the requests in flight, and how each of the others ended.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::client::Completion;
use crate::origin::RunId;
use crate::platform::wall_clock::epoch_micros;
use crate::traffic::engine::evidence::Creates;
use crate::traffic::engine::failures::Failure;
use crate::traffic::engine::mix::{Call, PlannedRequest};
use crate::traffic::engine::outcome::{Fate, Outcome};
use crate::traffic::engine::plan::Slot;

/// What is stored of one request.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// The run to which the request belongs.
    pub run_id: RunId,
    /// Its slot in the plan.
    pub slot: Slot,
    /// When it left, in epoch microseconds.
    pub sent_at: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// The id that the server gave the request, when there was an answer.
    pub request_id: Option<Uuid>,
}

/// A request that left and has not ended.
#[derive(Clone, Debug)]
struct InFlight {
    slot: Slot,
    /// Since the start of the run.
    sent: Duration,
    /// In epoch microseconds.
    sent_at: i64,
    request: PlannedRequest,
}

/// The ledger of a run while it is in memory.
#[derive(Debug)]
pub(super) struct ClientLedger {
    run_id: RunId,
    in_flight: BTreeMap<u32, InFlight>,
    fates: Vec<(u32, Fate)>,
    creates: Creates,
}

impl ClientLedger {
    pub(super) fn new(run_id: RunId) -> Self {
        Self { run_id, in_flight: BTreeMap::new(), fates: Vec::new(), creates: Creates::default() }
    }

    /// Notes that the request of `slot` leaves `sent` after the start of the run.
    pub(super) fn request_sent(&mut self, slot: Slot, request: &PlannedRequest, sent: Duration) {
        let in_flight = InFlight { slot, sent, sent_at: epoch_micros(), request: request.clone() };
        self.in_flight.insert(slot.k, in_flight);
    }

    /// Notes that a request ended `ended` after the start of the run. Returns the row to store and, when the request
    /// failed, a description of the failure. `None`: the request is not in flight.
    pub(super) fn request_finished(
        &mut self,
        seq: u32,
        completion: &Completion,
        ended: Duration,
    ) -> Option<(LedgerRow, Option<Failure>)> {
        let InFlight { slot, sent, sent_at, request } = self.in_flight.remove(&seq)?;
        let fate = completion.fate;
        self.fates.push((seq, fate));
        if request.call == Call::Create {
            match fate {
                Fate::Answered(201) => self.creates.answered += 1,
                Fate::Answered(_) => {}
                _ => self.creates.unanswered += 1,
            }
        }
        let failure = Failure::of(seq, fate, &request, completion.request_id.clone());
        let outcome = Outcome { seq, call: request.call, wanted: slot.wanted, sent, ended, fate };
        let request_id = completion.request_id.as_deref().and_then(|id| id.parse().ok());
        Some((LedgerRow { run_id: self.run_id, slot, sent_at, outcome, request_id }, failure))
    }

    pub(super) fn in_flight(&self) -> Vec<u32> {
        self.in_flight.keys().copied().collect()
    }

    /// How each request ended, in the order of their ends.
    pub(super) fn fates(&self) -> &[(u32, Fate)] {
        &self.fates
    }

    pub(super) fn creates(&self) -> Creates {
        self.creates
    }
}
