//! What is known about a run when it is closed: the input of the [audit](super::audit) and of the
//! [dashboard check](super::dashboard_check).
//!
//! What is not known any more is absent, so that no set is ever compared with a part of another one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::exchange::ServerSide;
use super::outcome::Fate;
use super::stats::Stats;

/// What the server saw arrive of a run, noted in memory.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    /// Each arrival, with its time on the gate's clock.
    pub arrivals: Vec<(u32, Duration)>,
    /// Arrivals after the run was sealed: refused, and not part of the run.
    pub late: Vec<u32>,
    /// Arrivals that the guard refused, because they broke the cap.
    pub cap_violations: u32,
}

/// The requests of a run whose rows were dropped and counted, instead of being written.
#[derive(Clone, Debug, Default)]
pub struct Dropped {
    /// Requests without a row in the record of requests.
    pub recorded: BTreeSet<u32>,
    /// Requests without a row in the stored ledger.
    pub ledger: BTreeSet<u32>,
}

impl Dropped {
    /// Was a row of this request dropped, on either side?
    pub fn contains(&self, seq: u32) -> bool {
        self.recorded.contains(&seq) || self.ledger.contains(&seq)
    }

    /// Was no row dropped?
    pub fn is_empty(&self) -> bool {
        self.recorded.is_empty() && self.ledger.is_empty()
    }
}

/// The requests of a run that create users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Creates {
    /// Answered with 201: each of them created a user.
    pub answered: u32,
    /// Ended without an answer: each of them may have created a user.
    pub unanswered: u32,
}

/// What the clean-up after a run did with the users that the run created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanUp {
    /// Users that were removed.
    pub removed: u32,
    /// Users that stay, because a real client wrote to them.
    pub kept: u32,
}

/// Everything that is known about a run when it is closed.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The run's own numbers.
    pub stats: &'a Stats,
    /// The client's ledger: the sequence number of each request that left, and how it ended.
    pub ledger: &'a [(u32, Fate)],
    /// The requests that create users, by the client's ledger.
    pub creates: Creates,
    /// What arrived. `None` if the run is not closed by the process that saw the arrivals.
    pub arrived: Option<&'a Arrived>,
    /// The rows that the metrics recorded for the run, read back from the database. `None` if they can't be read.
    pub rows: Option<&'a [ServerSide]>,
    /// The requests whose rows were dropped.
    pub dropped: &'a Dropped,
    /// What the clean-up did. `None` if it failed.
    pub clean_up: Option<CleanUp>,
    /// Did somebody end the run before its time, so that requests in flight were cancelled on purpose?
    pub stopped: bool,
    /// The cap of the process, in requests per second.
    pub cap: u32,
}
