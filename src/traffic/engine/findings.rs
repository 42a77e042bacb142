//! What client and server said about a run. It is stored with the run when that is closed, because the recorded
//! requests are not kept as long as the run.

use serde::{Deserialize, Serialize};

use super::exchange::{ClientSide, ServerSide, join};
use super::sides::Sides;
use super::timeline::Timeline;

/// The number of the slowest requests that are stored with a run.
const SLOWEST: usize = 10;

/// What client and server said about a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// The run second by second, as the client saw it.
    pub timeline: Timeline,
    /// Percentiles of both sides, and the slowest requests.
    pub sides: Sides,
}

impl Findings {
    /// Derives the findings from the rows of both sides, for a run of which `over` whole seconds are over.
    pub fn of_rows(clients: &[ClientSide], servers: &[ServerSide], over: u32) -> Self {
        let ended: Vec<_> = clients.iter().map(ClientSide::ended).collect();
        Self { timeline: Timeline::of_ended(&ended, over), sides: Sides::of(&join(clients, servers), SLOWEST) }
    }
}
