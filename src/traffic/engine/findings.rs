//! What client and server said about a run: it is stored with the run at its closing, because the recorded requests are
//! not kept as long.

use serde::{Deserialize, Serialize};

use super::exchange::{ClientSide, ServerSide, join};
use super::sides::Sides;
use super::timeline::Timeline;

/// How many of the slowest requests are kept of a run.
const SLOWEST: usize = 10;

/// What client and server said about a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// Second by second, as the client saw it.
    pub timeline: Timeline,
    /// Percentiles of both sides, and the slowest requests.
    pub sides: Sides,
}

impl Findings {
    /// Of the rows of both sides, for a run of which `over` whole seconds are over.
    pub fn of_rows(clients: &[ClientSide], servers: &[ServerSide], over: u32) -> Self {
        let ended: Vec<_> = clients.iter().map(ClientSide::ended).collect();
        Self { timeline: Timeline::of(&ended, over), sides: Sides::of(&join(clients, servers), SLOWEST) }
    }
}
