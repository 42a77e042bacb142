//! The pacer: which slot is next, and when. An absolute schedule, so an error of one send never
//! moves the next one, and a stall is never caught up by a burst: what is late is missed.

use std::iter::Peekable;
use std::time::Duration;

use super::plan::{Plan, Slot};

/// A slot that is later than this past its due time is missed.
pub const PATIENCE: Duration = Duration::from_millis(100);

/// What to do at a given moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing before this moment.
    Wait(Duration),
    /// Send this one, if the gate lets it out. It stays the next one until [`Pacer::sent`].
    Send(Slot),
    /// This one's time has passed; it will never be sent.
    Missed(Slot),
    /// The plan is at its end.
    Done,
}

/// Walks through a [`Plan`] as time goes by.
#[derive(Clone, Debug)]
pub struct Pacer {
    plan: Peekable<Plan>,
}

impl Pacer {
    /// At the plan's start.
    pub fn new(plan: Plan) -> Self {
        Self { plan: plan.peekable() }
    }

    /// What to do at `now`, in time since the start of the run.
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

    /// The slot that [`Step::Send`] named has left.
    pub fn sent(&mut self) {
        self.plan.next();
    }
}

#[cfg(test)]
mod tests {
    use super::CAP;
    use super::scenario::{Delay, Scenario, Shape};
    use super::*;

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
