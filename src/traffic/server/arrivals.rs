//! Arrivals: recognises the simulated requests to `/api/v1`.
//!
//! For each of them it notes the arrival before the body is read, tells the gate, tags the request with its origin, and
//! is the second, independent guard of the cap. The noted arrivals are one of the three sets that the audit compares.
//!
//! A request counts as part of a run only with the secret of that run, so forged headers change nothing. A request that
//! names an unknown run may be a late one of a run that has left memory. It is refused, and never taken for real traffic.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::run_headers::{Claim, Secret};
use super::shared_gate::SharedGate;
use crate::origin::{Origin, RunId};
use crate::platform::problem::ApiError;
use crate::traffic::engine::evidence::Arrived;
use crate::traffic::engine::gate::PermitId;
use crate::traffic::engine::guard::Guard;
use crate::traffic::engine::random::Random;

/// What is known about the arrivals of one run.
#[derive(Debug)]
struct RunArrivals {
    secret: Secret,
    /// The seed of the delays, when the server delays its answers to this run.
    delay_seed: Option<u32>,
    /// Requests that left and are not known to have arrived.
    under_way: HashMap<u32, PermitId>,
    arrived: Arrived,
    /// How many requests of the run the server is answering.
    being_answered: u32,
    /// From then on requests of the run are refused.
    sealed: bool,
    /// Cancelled when the guard finds a violation of the cap.
    cap_broken: CancellationToken,
}

#[derive(Debug)]
struct KnownRuns {
    guard: Guard,
    runs: HashMap<RunId, RunArrivals>,
}

/// The arrivals of all runs that are in memory.
#[derive(Debug)]
pub struct Arrivals {
    gate: Arc<SharedGate>,
    known: Mutex<KnownRuns>,
}

/// What becomes of a recognised request.
enum Verdict {
    Admitted { delay: Option<Duration> },
    OverCap,
    Sealed,
    UnknownRun,
}

impl Arrivals {
    /// Knows no run at first.
    pub fn new(gate: Arc<SharedGate>) -> Arc<Self> {
        let guard = Guard::new(gate.cap());
        Arc::new(Self { gate, known: Mutex::new(KnownRuns { guard, runs: HashMap::new() }) })
    }

    fn with_run<T>(&self, id: RunId, change: impl FnOnce(&mut RunArrivals) -> T) -> Option<T> {
        self.known.lock().runs.get_mut(&id).map(change)
    }

    /// Begins to recognise a run. The returned token is cancelled if its requests ever break the cap.
    pub fn register(&self, id: RunId, secret: Secret, delay_seed: Option<u32>) -> CancellationToken {
        let cap_broken = CancellationToken::new();
        let run = RunArrivals {
            secret,
            delay_seed,
            under_way: HashMap::new(),
            arrived: Arrived::default(),
            being_answered: 0,
            sealed: false,
            cap_broken: cap_broken.clone(),
        };
        self.known.lock().runs.insert(id, run);
        cap_broken
    }

    /// A request of the run is about to leave with this permit.
    pub fn expect(&self, id: RunId, seq: u32, permit: PermitId) {
        self.with_run(id, |run| run.under_way.insert(seq, permit));
    }

    /// A request of the run has ended, whether it arrived or not.
    pub fn request_finished(&self, id: RunId, seq: u32) {
        self.with_run(id, |run| run.under_way.remove(&seq));
    }

    /// How many requests of the run left and are not known to have arrived.
    pub fn under_way(&self, id: RunId) -> usize {
        self.with_run(id, |run| run.under_way.len()).unwrap_or(0)
    }

    /// How many requests of the run the server is answering.
    pub fn being_answered(&self, id: RunId) -> u32 {
        self.with_run(id, |run| run.being_answered).unwrap_or(0)
    }

    /// From here on requests of the run are refused.
    pub fn seal(&self, id: RunId) {
        self.with_run(id, |run| run.sealed = true);
    }

    /// What arrived of the run so far.
    pub fn of_run(&self, id: RunId) -> Arrived {
        self.with_run(id, |run| run.arrived.clone()).unwrap_or_default()
    }

    /// Removes everything about the run.
    pub fn forget(&self, id: RunId) {
        self.known.lock().runs.remove(&id);
    }

    /// Notes an arrival. `None`: the secret is wrong, so the request is real traffic.
    fn note(&self, claim: &Claim) -> Option<Verdict> {
        let mut known = self.known.lock();
        let now = self.gate.now();
        let KnownRuns { guard, runs } = &mut *known;
        let Some(run) = runs.get_mut(&claim.run_id) else { return Some(Verdict::UnknownRun) };
        // One comparison of 128 bits, so the time that it takes says nothing about single bytes.
        if run.secret != claim.secret {
            return None;
        }
        if let Some(permit) = run.under_way.remove(&claim.seq) {
            self.gate.arrived(permit);
        }
        // The guard counts it before the seal is checked: a request that is too late for its run counts for the cap.
        let admitted = guard.admits(now);
        if run.sealed {
            run.arrived.late.push(claim.seq);
            return Some(Verdict::Sealed);
        }
        run.arrived.arrivals.push((claim.seq, now));
        if !admitted {
            run.arrived.cap_violations += 1;
            run.cap_broken.cancel();
            return Some(Verdict::OverCap);
        }
        run.being_answered += 1;
        Some(Verdict::Admitted { delay: run.delay_seed.map(|seed| answer_delay(seed, claim.seq)) })
    }

    fn request_answered(&self, id: RunId) {
        self.with_run(id, |run| run.being_answered = run.being_answered.saturating_sub(1));
    }
}

#[cfg(test)]
impl Arrivals {
    /// Does what the layer does when a request comes in.
    pub(crate) fn note_for_test(&self, run_id: RunId, seq: u32, secret: Secret) {
        self.note(&Claim { run_id, seq, secret }).expect("a true claim");
        self.request_answered(run_id);
    }
}

/// How long the server delays its answer to request `seq`: U(0.1, 0.5) s.
fn answer_delay(seed: u32, seq: u32) -> Duration {
    // The plan and the mix use the random streams up to 2³².
    Duration::from_secs_f64(Random::new(seed, (1 << 32) + u64::from(seq)).uniform(0.1, 0.5))
}

/// A recognised request that may come in. It counts as being answered until this is dropped.
pub struct AdmittedRequest {
    arrivals: Arc<Arrivals>,
    run_id: RunId,
    delay: Option<Duration>,
}

impl AdmittedRequest {
    /// Waits as long as the run wants the server to delay its answers.
    pub async fn delay(&self) {
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
    }
}

impl Drop for AdmittedRequest {
    fn drop(&mut self) {
        self.arrivals.request_answered(self.run_id);
    }
}

/// A simulated request.
pub struct Recognised {
    /// Who made it: always a run.
    pub origin: Origin,
    /// Whether it may come in, or else the answer that refuses it.
    pub admission: Result<AdmittedRequest, ApiError>,
}

/// Notes the arrival of a simulated request. `None`: the request is real traffic.
pub fn recognise(arrivals: &Arc<Arrivals>, headers: &HeaderMap) -> Option<Recognised> {
    let claim = Claim::read(headers)?;
    let verdict = arrivals.note(&claim)?;
    let Claim { run_id, seq, .. } = claim;
    // Nobody can check to which run it belongs, so it is recorded as simulated and as part of no run.
    let run = if matches!(verdict, Verdict::UnknownRun) { RunId(Uuid::nil()) } else { run_id };
    let admission = match verdict {
        Verdict::Admitted { delay } => Ok(AdmittedRequest { arrivals: Arc::clone(arrivals), run_id, delay }),
        Verdict::OverCap => {
            let detail = "More simulated requests arrived within one second than the cap allows; the run is ended.";
            Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(1))
        }
        Verdict::Sealed => Err(ApiError::new(StatusCode::GONE, "The run of this request is closed.")),
        Verdict::UnknownRun => {
            let detail =
                "The run of this request is closed or never existed. To use the API, leave out the x-traffic headers.";
            Err(ApiError::new(StatusCode::GONE, detail))
        }
    };
    Some(Recognised { origin: Origin::Simulated { run, seq }, admission })
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;
    use crate::traffic::server::run_headers::{KEY_HEADER, RUN_HEADER, SEQ_HEADER};

    const RUN: RunId = RunId(Uuid::from_u128(7));
    const UNKNOWN: RunId = RunId(Uuid::from_u128(8));

    fn headers(id: RunId, seq: u32, secret: Secret) -> HeaderMap {
        let named = [(RUN_HEADER, id.to_string()), (SEQ_HEADER, seq.to_string()), (KEY_HEADER, secret.to_string())];
        named
            .into_iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    /// The origin of a request and the status with which it is refused; `None` when it is real traffic.
    fn judged(arrivals: &Arc<Arrivals>, id: RunId, seq: u32, secret: Secret) -> Option<(Origin, Option<u16>)> {
        let Recognised { origin, admission } = recognise(arrivals, &headers(id, seq, secret))?;
        Some((origin, admission.err().map(|refusal| refusal.into_response().status().as_u16())))
    }

    #[tokio::test]
    async fn a_request_is_of_its_run_or_refused_or_real_by_what_is_known_of_the_run() {
        let arrivals = Arrivals::new(SharedGate::new(2));
        let secret = Secret::random();
        let of_run = |seq| Origin::Simulated { run: RUN, seq };
        let of_none = Origin::Simulated { run: RunId(Uuid::nil()), seq: 1 };
        let cap_broken = arrivals.register(RUN, secret, None);
        assert_eq!(judged(&arrivals, RUN, 0, secret), Some((of_run(0), None)));
        assert_eq!(judged(&arrivals, RUN, 1, Secret::random()), None, "a wrong secret of a known run is real traffic");
        // However many there are, they take no slot from the run's own requests.
        for _ in 0..50 {
            assert_eq!(judged(&arrivals, UNKNOWN, 1, Secret::random()), Some((of_none, Some(410))));
        }
        assert_eq!(judged(&arrivals, RUN, 2, secret), Some((of_run(2), None)));
        assert!(!cap_broken.is_cancelled());
        arrivals.seal(RUN);
        assert_eq!(judged(&arrivals, RUN, 3, secret), Some((of_run(3), Some(410))));
        assert_eq!(arrivals.of_run(RUN).late, [3]);
        arrivals.forget(RUN);
        assert_eq!(judged(&arrivals, RUN, 1, secret), Some((of_none, Some(410))), "late, and nobody can check it");
    }
}
