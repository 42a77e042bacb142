//! The pacer: which slot is next, and when it is due.
//!
//! The schedule is absolute, so a late request never moves the next one; and a stall is never caught up by a burst,
//! because a slot that is too late is missed.

use std::iter::Peekable;
use std::time::Duration;

use super::plan::{Plan, Slot};

/// How late a slot may be sent; after that it is missed.
pub const PATIENCE: Duration = Duration::from_millis(100);

/// What the runner does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Do nothing before this time.
    Wait(Duration),
    /// Send this slot's request, if the gate grants a permit. It stays the next slot until [`Pacer::sent`].
    Send(Slot),
    /// The time of this slot has passed; it will never be sent.
    Missed(Slot),
    /// All slots of the plan were sent or missed.
    Done,
}

/// Walks through a [`Plan`] as time passes.
#[derive(Clone, Debug)]
pub struct Pacer {
    plan: Peekable<Plan>,
}

impl Pacer {
    /// A pacer at the start of the plan.
    pub fn new(plan: Plan) -> Self {
        Self { plan: plan.peekable() }
    }

    /// What to do at `now`, which is the time since the start of the run. A missed slot is returned once.
    pub fn step(&mut self, now: Duration) -> Step {
        let Some(&slot) = self.plan.peek() else {
            return Step::Done;
        };
        if now < slot.due {
            Step::Wait(slot.due)
        } else if now <= slot.due + PATIENCE {
            Step::Send(slot)
        } else {
            self.plan.next();
            Step::Missed(slot)
        }
    }

    /// Notes that the request of the slot in [`Step::Send`] has left.
    pub fn sent(&mut self) {
        self.plan.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::CAP;
    use crate::traffic::engine::scenario::{Delay, Scenario, Shape};

    /// Slots at 250, 750, 1250, … ms.
    fn pacer() -> Pacer {
        Pacer::new(Shape::new(Scenario::Normal, Delay::Client, 5, 2, CAP, 0).plan())
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn k_of(step: Step) -> Option<u32> {
        match step {
            Step::Send(slot) => Some(slot.k),
            _ => None,
        }
    }

    #[test]
    fn waits_for_the_due_time_and_then_sends() {
        let mut pacer = pacer();
        assert_eq!(pacer.step(at(0)), Step::Wait(at(250)));
        assert_eq!(pacer.step(at(249)), Step::Wait(at(250)));
        assert_eq!(k_of(pacer.step(at(250))), Some(0));
        assert_eq!(k_of(pacer.step(at(251))), Some(0), "the same one until it has left");
        pacer.sent();
        assert_eq!(pacer.step(at(252)), Step::Wait(at(750)), "lateness does not move the next slot");
    }

    #[test]
    fn a_slot_is_sent_up_to_100_ms_late_and_missed_after_that() {
        let mut late = pacer();
        assert_eq!(k_of(late.step(at(350))), Some(0));
        let mut later = pacer();
        assert!(matches!(later.step(at(351)), Step::Missed(slot) if slot.k == 0));
        assert_eq!(later.step(at(351)), Step::Wait(at(750)));
    }

    #[test]
    fn a_stall_misses_its_slots_and_never_bursts() {
        let mut pacer = pacer();
        let now = at(2260);
        let mut missed = 0;
        while let Step::Missed(_) = pacer.step(now) {
            missed += 1;
        }
        assert_eq!(missed, 4, "250, 750, 1250 and 1750");
        assert_eq!(k_of(pacer.step(now)), Some(4), "2250 is 10 ms late");
        pacer.sent();
        assert_eq!(pacer.step(now), Step::Wait(at(2750)));
    }

    #[test]
    fn done_after_the_last_slot() {
        let mut pacer = pacer();
        for k in 0..10 {
            assert_eq!(k_of(pacer.step(at(250 + 500 * k))), Some(k as u32));
            pacer.sent();
        }
        assert_eq!(pacer.step(at(4751)), Step::Done);
    }
}
