//! Arrivals: what recognises simulated requests to `/api/v1`.
//!
//! For each one it notes the arrival before the body is read, tells the gate, tags the request with
//! its origin, and is the second, independent guard of the cap. What it notes is one of the three
//! sets that the audit compares.
//!
//! A request counts as part of a run only with that run's secret: forged headers change nothing. One that names a run which is
//! not known any more can't be told from a late one of that run, so it is refused, and never taken for real traffic.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::shared_gate::SharedGate;
use crate::origin::{Origin, RunId};
use crate::platform::problem::ApiError;
use crate::traffic::engine::evidence::Arrived;
use crate::traffic::engine::gate::PermitId;
use crate::traffic::engine::guard::Guard;
use crate::traffic::engine::random::Random;

/// Names the run of a simulated request.
pub const RUN_HEADER: &str = "x-traffic-run";
/// Its place in the plan.
pub const SEQ_HEADER: &str = "x-traffic-seq";
/// The secret of its run.
pub const KEY_HEADER: &str = "x-traffic-key";

/// 122 random bits that only the generator and this layer know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(u128);

impl Secret {
    /// A new one.
    pub fn draw() -> Self {
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

#[derive(Debug)]
struct Run {
    secret: Secret,
    /// With a delay in the answer: the seed of its length.
    delay_seed: Option<u32>,
    /// Requests that left and are not known to have arrived.
    under_way: HashMap<u32, PermitId>,
    arrived: Arrived,
    /// How many requests of the run are being answered.
    open: u32,
    sealed: bool,
    /// Cancelled when the guard finds a violation.
    cap_broken: CancellationToken,
}

#[derive(Debug)]
struct Book {
    guard: Guard,
    runs: HashMap<RunId, Run>,
}

/// The arrivals of all runs that are still in memory.
#[derive(Debug)]
pub struct Arrivals {
    gatekeeper: Arc<SharedGate>,
    book: Mutex<Book>,
}

struct Claim {
    run: RunId,
    seq: u32,
    secret: Secret,
}

/// What becomes of a recognised request.
enum Verdict {
    Admitted { delay: Option<Duration> },
    OverCap,
    Sealed,
    UnknownRun,
}

impl Arrivals {
    /// Nothing has arrived yet.
    pub fn new(gatekeeper: Arc<SharedGate>) -> Arc<Self> {
        let guard = Guard::new(gatekeeper.cap());
        Arc::new(Self { gatekeeper, book: Mutex::new(Book { guard, runs: HashMap::new() }) })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to recognise a run. The token is cancelled if its requests ever break the cap.
    pub fn open(&self, run: RunId, secret: Secret, delay_seed: Option<u32>) -> CancellationToken {
        let cap_broken = CancellationToken::new();
        let entry = Run {
            secret,
            delay_seed,
            under_way: HashMap::new(),
            arrived: Arrived::default(),
            open: 0,
            sealed: false,
            cap_broken: cap_broken.clone(),
        };
        self.book().runs.insert(run, entry);
        cap_broken
    }

    /// A request of the run is about to leave under this permit.
    pub fn expect(&self, run: RunId, seq: u32, permit: PermitId) {
        if let Some(run) = self.book().runs.get_mut(&run) {
            run.under_way.insert(seq, permit);
        }
    }

    /// A request of the run has ended, arrived or not.
    pub fn ended(&self, run: RunId, seq: u32) {
        if let Some(run) = self.book().runs.get_mut(&run) {
            run.under_way.remove(&seq);
        }
    }

    /// How many requests of the run left and are not known to have arrived.
    pub fn under_way(&self, run: RunId) -> usize {
        self.book().runs.get(&run).map_or(0, |run| run.under_way.len())
    }

    /// How many requests of the run are being answered.
    pub fn being_answered(&self, run: RunId) -> u32 {
        self.book().runs.get(&run).map_or(0, |run| run.open)
    }

    /// From here on requests of the run are refused.
    pub fn seal(&self, run: RunId) {
        if let Some(run) = self.book().runs.get_mut(&run) {
            run.sealed = true;
        }
    }

    /// What arrived of the run up to now.
    pub fn of_run(&self, run: RunId) -> Arrived {
        self.book().runs.get(&run).map(|run| run.arrived.clone()).unwrap_or_default()
    }

    /// Drops everything about the run.
    pub fn forget(&self, run: RunId) {
        self.book().runs.remove(&run);
    }

    fn claim(headers: &HeaderMap) -> Option<Claim> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Some(Claim {
            run: text(RUN_HEADER)?.parse().ok()?,
            seq: text(SEQ_HEADER)?.parse().ok()?,
            secret: Secret(u128::from_str_radix(text(KEY_HEADER)?, 16).ok()?),
        })
    }

    /// Notes an arrival. `None`: the claim is known to be false.
    fn note(&self, claim: &Claim) -> Option<Verdict> {
        let mut book = self.book();
        let now = self.gatekeeper.now();
        let Book { guard, runs } = &mut *book;
        let Some(run) = runs.get_mut(&claim.run) else { return Some(Verdict::UnknownRun) };
        // One comparison of 128 bits: no byte-wise timing to learn from.
        if run.secret != claim.secret {
            return None;
        }
        if let Some(permit) = run.under_way.remove(&claim.seq) {
            self.gatekeeper.arrived(permit);
        }
        // Before the seal is looked at: what arrives too late for its run counts for the cap all the same.
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
        run.open += 1;
        Some(Verdict::Admitted { delay: run.delay_seed.map(|seed| answer_delay(seed, claim.seq)) })
    }

    fn answered(&self, run: RunId) {
        if let Some(run) = self.book().runs.get_mut(&run) {
            run.open = run.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
impl Arrivals {
    /// What the layer does when a request comes in.
    pub(crate) fn note_for_test(&self, run: RunId, seq: u32, secret: Secret) {
        self.note(&Claim { run, seq, secret }).expect("a true claim");
        self.answered(run);
    }
}

/// How long the answer to request `seq` waits with a delay on the server: U(0.1, 0.5) s.
fn answer_delay(seed: u32, seq: u32) -> Duration {
    // Streams up to 2³² belong to the plan and the mix.
    Duration::from_secs_f64(Random::new(seed, (1 << 32) + u64::from(seq)).uniform(0.1, 0.5))
}

/// A recognised request that may come in: it counts as being answered until this is dropped.
pub struct Open {
    arrivals: Arc<Arrivals>,
    run: RunId,
    delay: Option<Duration>,
}

impl Open {
    /// Waits as long as the run wants its answers to be late.
    pub async fn delay(&self) {
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.arrivals.answered(self.run);
    }
}

/// A simulated request.
pub struct Recognised {
    /// Who made it: always a run.
    pub origin: Origin,
    /// Whether it may come in, and what to say to it when it must not.
    pub admission: Result<Open, ApiError>,
}

/// Notes the arrival of a simulated request. `None`: it is not one.
pub fn recognise(arrivals: &Arc<Arrivals>, headers: &HeaderMap) -> Option<Recognised> {
    let claim = Arrivals::claim(headers)?;
    let verdict = arrivals.note(&claim)?;
    let is_unknown = matches!(verdict, Verdict::UnknownRun);
    let admission = match verdict {
        Verdict::Admitted { delay } => Ok(Open { arrivals: Arc::clone(arrivals), run: claim.run, delay }),
        Verdict::OverCap => {
            let detail = "More simulated requests arrived within one second than the cap allows; the run is ended.";
            Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(1))
        }
        Verdict::Sealed => Err(ApiError::new(StatusCode::GONE, "The run of this request is closed.")),
        Verdict::UnknownRun => {
            let detail = "The run of this request is closed or was never there. To use the API, leave out the x-traffic headers.";
            Err(ApiError::new(StatusCode::GONE, detail))
        }
    };
    // Nobody can check to which run it belongs, so it is recorded as simulated and as part of none.
    let run = if is_unknown { RunId(Uuid::nil()) } else { claim.run };
    Some(Recognised { origin: Origin::Simulated { run, seq: claim.seq }, admission })
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    const RUN: RunId = RunId(Uuid::from_u128(7));
    const UNKNOWN: RunId = RunId(Uuid::from_u128(8));

    fn headers(run: RunId, seq: u32, secret: Secret) -> HeaderMap {
        let named = [(RUN_HEADER, run.to_string()), (SEQ_HEADER, seq.to_string()), (KEY_HEADER, secret.to_string())];
        named
            .into_iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    /// Who is said to have made a request, and with which status it is refused; `None` when it is taken for real.
    fn judged(arrivals: &Arc<Arrivals>, run: RunId, seq: u32, secret: Secret) -> Option<(Origin, Option<u16>)> {
        let Recognised { origin, admission } = recognise(arrivals, &headers(run, seq, secret))?;
        Some((origin, admission.err().map(|refusal| refusal.into_response().status().as_u16())))
    }

    #[tokio::test]
    async fn a_request_is_of_its_run_or_refused_or_real_by_what_is_known_of_the_run() {
        let arrivals = Arrivals::new(SharedGate::new(2));
        let (secret, of_run) = (Secret::draw(), |seq| Origin::Simulated { run: RUN, seq });
        let of_none = Origin::Simulated { run: RunId(Uuid::nil()), seq: 1 };
        let cap_broken = arrivals.open(RUN, secret, None);
        assert_eq!(judged(&arrivals, RUN, 0, secret), Some((of_run(0), None)));
        assert_eq!(judged(&arrivals, RUN, 1, Secret::draw()), None, "a wrong secret of a known run is real traffic");
        // However many there are: they take no place of the run's own requests.
        for _ in 0..50 {
            assert_eq!(judged(&arrivals, UNKNOWN, 1, Secret::draw()), Some((of_none, Some(410))));
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
