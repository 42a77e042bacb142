//! The one gate of the process: the pure [`Gate`] with a lock, a clock and a notification of its changes.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::traffic::engine::gate::{Gate, Permit, PermitId, Refusal};

/// The [`Gate`] that every request of every run passes.
#[derive(Debug)]
pub struct SharedGate {
    gate: Mutex<Gate>,
    /// The zero of all times that the gate sees.
    origin: Instant,
    cap: u32,
    changes: watch::Sender<()>,
}

impl SharedGate {
    /// A gate of `cap` requests per second that opens one second from now.
    pub fn new(cap: u32) -> Arc<Self> {
        Arc::new(Self {
            gate: Mutex::new(Gate::new(cap, Duration::ZERO)),
            origin: Instant::now(),
            cap,
            changes: watch::channel(()).0,
        })
    }

    /// Requests per second that the gate lets out at most.
    pub fn cap(&self) -> u32 {
        self.cap
    }

    /// How many requests the gate would let out now.
    pub fn free(&self) -> u32 {
        self.gate.lock().free(self.now())
    }

    /// The present time on the gate's clock.
    pub fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// When the gate opens for the first time.
    pub fn opens(&self) -> Instant {
        self.origin + Duration::from_secs(1)
    }

    /// The moment at which the gate's clock shows `time`.
    pub fn instant(&self, time: Duration) -> Instant {
        self.origin + time
    }

    /// Acquires the right to send one request now.
    ///
    /// # Errors
    /// What to wait for. [`SharedGate::changes`] reports each arrival.
    pub fn acquire(self: &Arc<Self>) -> Result<Ticket, Refusal> {
        let permit = self.gate.lock().take(self.now())?;
        Ok(Ticket { id: permit.id(), permit: Some(permit), gate: Arc::clone(self) })
    }

    /// Notes that the request of this permit is known to have arrived.
    pub fn arrived(&self, id: PermitId) {
        if self.gate.lock().arrived(id, self.now()) {
            self.changes.send_replace(());
        }
    }

    /// Is notified whenever a slot of the gate changes.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn give_back(&self, permit: Permit) {
        self.gate.lock().give_back(permit);
        self.changes.send_replace(());
    }
}

/// A permit that can't be lost: dropped unused, it goes back to the gate; dropped after its request left, it counts as
/// arrived, because the connection is closed by then.
#[derive(Debug)]
pub struct Ticket {
    id: PermitId,
    permit: Option<Permit>,
    gate: Arc<SharedGate>,
}

impl Ticket {
    /// The permit's id.
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
            Some(permit) => self.gate.give_back(permit),
            None => self.gate.arrived(self.id),
        }
    }
}

/// The ticket of a request that left. It notes the arrival when the answer begins, or else when it is dropped.
#[derive(Debug)]
pub struct Departed(Ticket);

impl Departed {
    /// The head of the answer is here, so the request had arrived.
    pub fn answered(&self) {
        self.0.gate.arrived(self.0.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_is_dropped_unused_opens_the_gate_again() {
        let gate = SharedGate::new(1);
        tokio::time::sleep_until(gate.opens()).await;
        drop(gate.acquire().expect("open"));
        assert!(gate.acquire().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_is_dropped_after_the_departure_counts_as_arrived() {
        let gate = SharedGate::new(1);
        tokio::time::sleep_until(gate.opens()).await;
        let departed = gate.acquire().expect("open").depart();
        assert_eq!(gate.acquire().err(), Some(Refusal::AwaitArrival));
        drop(departed);
        assert_eq!(gate.acquire().err(), Some(Refusal::Until(Duration::from_secs(2))));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(gate.acquire().is_ok());
    }
}
