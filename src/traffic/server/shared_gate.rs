//! The gate's shell: one per process, shared, with a clock and a bell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::traffic::engine::gate::{Gate, Permit, PermitId, Refusal};

/// Holds the [`Gate`]. Every request of every job goes through it.
#[derive(Debug)]
pub struct SharedGate {
    gate: Mutex<Gate>,
    /// The zero of all times that the gate sees.
    origin: Instant,
    cap: u32,
    bell: watch::Sender<()>,
}

impl SharedGate {
    /// A gate of `cap` requests per second that opens one second from now.
    pub fn new(cap: u32) -> Arc<Self> {
        Arc::new(Self {
            gate: Mutex::new(Gate::new(cap, Duration::ZERO)),
            origin: Instant::now(),
            cap,
            bell: watch::channel(()).0,
        })
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        // The gate's state is consistent after each of its steps, so a panic elsewhere does no harm.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests per second that the gate lets out at most.
    pub fn cap(&self) -> u32 {
        self.cap
    }

    /// How many requests the gate would let out now.
    pub fn free(&self) -> u32 {
        self.gate().free(self.now())
    }

    /// Now, on the gate's clock.
    pub fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// When the gate opens for the first time.
    pub fn opens(&self) -> Instant {
        self.origin + Duration::from_secs(1)
    }

    /// A moment of the gate's clock.
    pub fn instant(&self, time: Duration) -> Instant {
        self.origin + time
    }

    /// Asks for the right to send one request now.
    ///
    /// # Errors
    /// What to wait for; [`SharedGate::bell`] rings at each arrival.
    pub fn take(self: &Arc<Self>) -> Result<Ticket, Refusal> {
        let permit = self.gate().take(self.now())?;
        Ok(Ticket { id: permit.id(), permit: Some(permit), keeper: Arc::clone(self) })
    }

    /// Notes that the request of this permit is known to have arrived.
    pub fn arrived(&self, id: PermitId) {
        if self.gate().arrived(id, self.now()) {
            self.bell.send_replace(());
        }
    }

    /// Rings whenever a slot of the gate changed.
    pub fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }
}

/// A permit that can't be lost: dropped unused, it goes back; dropped after its request left, it
/// counts as arrived (the connection is closed by then).
#[derive(Debug)]
pub struct Ticket {
    id: PermitId,
    permit: Option<Permit>,
    keeper: Arc<SharedGate>,
}

impl Ticket {
    /// The permit's name.
    pub fn id(&self) -> PermitId {
        self.id
    }

    /// The request leaves now; from here on the permit can't go back.
    pub fn depart(mut self) -> Departed {
        self.permit = None;
        Departed(self)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        match self.permit.take() {
            Some(permit) => {
                self.keeper.gate().give_back(permit);
                self.keeper.bell.send_replace(());
            }
            None => self.keeper.arrived(self.id),
        }
    }
}

/// The ticket of a request that left. Dropped, or told so, it notes the arrival.
#[derive(Debug)]
pub struct Departed(Ticket);

impl Departed {
    /// The head of the answer is here, so the request had arrived.
    pub fn answered(&self) {
        self.0.keeper.arrived(self.0.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_is_dropped_unused_opens_the_gate_again() {
        let keeper = SharedGate::new(1);
        tokio::time::sleep_until(keeper.opens()).await;
        drop(keeper.take().expect("open"));
        assert!(keeper.take().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_is_dropped_after_the_departure_counts_as_arrived() {
        let keeper = SharedGate::new(1);
        tokio::time::sleep_until(keeper.opens()).await;
        let departed = keeper.take().expect("open").depart();
        assert_eq!(keeper.take().err(), Some(Refusal::AwaitArrival));
        drop(departed);
        assert_eq!(keeper.take().err(), Some(Refusal::Until(Duration::from_secs(2))));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(keeper.take().is_ok());
    }
}
