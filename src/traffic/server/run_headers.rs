//! The headers of a simulated request: three of our own, by which it proves which request of which run it is, and those of
//! standards, by which the traces, proxies and logs of others recognise it.

use std::fmt;
use std::net::SocketAddr;

use axum::http::HeaderMap;
use uuid::Uuid;

use crate::origin::RunId;

/// The id of the run.
pub const RUN_HEADER: &str = "x-traffic-run";
/// The number of the request's slot in the plan.
pub const SEQ_HEADER: &str = "x-traffic-seq";
/// The secret of the run, which proves that the other two are true.
pub const KEY_HEADER: &str = "x-traffic-key";

/// Trace Context of the W3C: <https://www.w3.org/TR/trace-context/>.
pub const TRACE_HEADER: &str = "traceparent";
/// Baggage of the W3C: <https://www.w3.org/TR/baggage/>.
pub const BAGGAGE_HEADER: &str = "baggage";
/// What is sent as baggage: the member by which OpenTelemetry's demo marks the requests of its load generator.
pub const BAGGAGE: &str = "synthetic_request=true";

/// The trace of a request. Its id is that of the run with the sequence number in its last bits (by exclusive or), so that
/// both can be read from it. The id of the span is the sequence number plus one, because zero stands for none. The last
/// field says that the trace is recorded.
pub(super) fn trace(run: RunId, seq: u32) -> String {
    let trace_id = run.0.as_u128() ^ u128::from(seq);
    let span_id = u64::from(seq) + 1;
    format!("00-{trace_id:032x}-{span_id:016x}-01")
}

/// The user agent of the requests of a run, with the address of its page. `pages` is where this server listens.
pub(super) fn user_agent(pages: SocketAddr, run: RunId) -> String {
    format!("traffic-simulator/{} (+http://{pages}/runs/{run})", env!("CARGO_PKG_VERSION"))
}

/// 122 random bits that only the generator and the arrivals layer know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(u128);

impl Secret {
    /// A new secret from the operating system's random numbers.
    pub fn random() -> Self {
        Self(Uuid::new_v4().as_u128())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What the headers of a request claim. Nothing of it is checked yet.
pub(super) struct Claim {
    pub(super) run_id: RunId,
    pub(super) seq: u32,
    pub(super) secret: Secret,
}

impl Claim {
    /// `None` when a header is missing or malformed.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Some(Self {
            run_id: text(RUN_HEADER)?.parse().ok()?,
            seq: text(SEQ_HEADER)?.parse().ok()?,
            secret: Secret(u128::from_str_radix(text(KEY_HEADER)?, 16).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunId = RunId(Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_00f0));

    #[test]
    fn a_trace_tells_run_and_sequence_number() {
        assert_eq!(trace(RUN, 0), "00-019b76daa800700080000000000000f0-0000000000000001-01");
        assert_eq!(trace(RUN, 0x1f), "00-019b76daa800700080000000000000ef-0000000000000020-01");
        assert_eq!(trace(RUN, u32::MAX), "00-019b76daa800700080000000ffffff0f-0000000100000000-01");
    }

    #[test]
    fn the_user_agent_leads_to_the_page_of_the_run() {
        let agent = user_agent(([127, 0, 0, 1], 3000).into(), RUN);
        let page = "(+http://127.0.0.1:3000/runs/019b76da-a800-7000-8000-0000000000f0)";
        assert!(agent.starts_with("traffic-simulator/") && agent.ends_with(page), "{agent}");
    }
}
