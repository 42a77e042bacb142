//! The gate: the only thing that lets a request out, and the reason why the cap can be proved.
//!
//! There are `cap` slots. A slot is taken when its permit is granted, and free again **one second
//! after its request is known to have arrived**. Of any cap + 1 requests two share a slot, and the
//! second of these two can't have left, let alone arrived, before the first had been there for a
//! second. So no second ever sees more than `cap` arrivals, whatever the scheduler, the network or
//! a pause of the machine does in between.
//!
//! It implies the token bucket of `cap` tokens refilled at `cap` per second, which alone would let
//! 2·cap − 1 requests into one second.
//!
//! After the start of the process the gate stays shut for one second, so that the last second of
//! an earlier process is over before the first request of this one.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Names a granted permit, so that its arrival can be noted by someone who does not hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PermitId(u64);

/// The right to send one request. Can't be cloned: whoever sends gives it away.
#[derive(Debug)]
#[must_use = "an unused permit has to be given back"]
pub struct Permit {
    id: PermitId,
    slot: usize,
    /// When the slot was free before, to restore it when the permit is not used.
    free_from: Duration,
}

impl Permit {
    /// Its name.
    pub fn id(&self) -> PermitId {
        self.id
    }
}

/// Why the gate is shut, and what to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Ask again at this moment.
    Until(Duration),
    /// All slots belong to requests that are not known to have arrived; ask again after an arrival.
    AwaitArrival,
}

#[derive(Clone, Copy, Debug)]
enum State {
    FreeFrom(Duration),
    Taken(PermitId),
}

/// The gate. One per process, above all jobs. All times are since one fixed start.
#[derive(Debug)]
pub struct Gate {
    slots: Vec<State>,
    granted: u64,
}

impl Gate {
    /// A gate of `cap` slots that opens one second after `started`.
    pub fn new(cap: u32, started: Duration) -> Self {
        Self { slots: vec![State::FreeFrom(started + SECOND); cap as usize], granted: 0 }
    }

    /// Asks for a permit at `now`.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to wait for.
    pub fn take(&mut self, now: Duration) -> Result<Permit, Refusal> {
        // The slot that has been free for longest, so that a permit that comes back is used last.
        let earliest = self.slots.iter().enumerate().filter_map(|(i, state)| match state {
            State::FreeFrom(from) => Some((*from, i)),
            State::Taken(_) => None,
        });
        let Some((free_from, slot)) = earliest.min() else {
            return Err(Refusal::AwaitArrival);
        };
        if free_from > now {
            return Err(Refusal::Until(free_from));
        }
        let id = PermitId(self.granted);
        self.granted += 1;
        self.slots[slot] = State::Taken(id);
        Ok(Permit { id, slot, free_from })
    }

    /// How many permits could be taken at `now`.
    pub fn free(&self, now: Duration) -> u32 {
        self.slots.iter().filter(|state| matches!(state, State::FreeFrom(from) if *from <= now)).count() as u32
    }

    /// Takes an unused permit back; its slot is free as it was before. Nothing may have left for it.
    pub fn give_back(&mut self, permit: Permit) {
        if matches!(self.slots[permit.slot], State::Taken(id) if id == permit.id) {
            self.slots[permit.slot] = State::FreeFrom(permit.free_from);
        }
    }

    /// Notes that the request of permit `id` is known to have arrived by `now`. The first word
    /// counts: a second one for the same permit changes nothing. Says whether it was the first.
    pub fn arrived(&mut self, id: PermitId, now: Duration) -> bool {
        let taken = self.slots.iter_mut().find(|state| matches!(state, State::Taken(held) if *held == id));
        match taken {
            Some(state) => {
                *state = State::FreeFrom(now + SECOND);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CAP;
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn shut_for_one_second_after_the_start() {
        let mut gate = Gate::new(CAP, at(500));
        assert_eq!(gate.take(at(500)).err(), Some(Refusal::Until(at(1500))));
        assert_eq!(gate.take(at(1499)).err(), Some(Refusal::Until(at(1500))));
        assert!(gate.take(at(1500)).is_ok());
    }

    #[test]
    fn a_slot_is_free_one_second_after_the_arrival_not_after_the_grant() {
        let mut gate = Gate::new(1, at(0));
        let permit = gate.take(at(1000)).expect("open");
        assert_eq!(gate.take(at(5000)).err(), Some(Refusal::AwaitArrival), "nobody knows whether it arrived");
        assert!(gate.arrived(permit.id(), at(5000)));
        assert_eq!(gate.take(at(5999)).err(), Some(Refusal::Until(at(6000))));
        assert!(gate.take(at(6000)).is_ok());
    }

    #[test]
    fn the_first_word_about_an_arrival_counts() {
        let mut gate = Gate::new(1, at(0));
        let permit = gate.take(at(1000)).expect("open");
        assert!(gate.arrived(permit.id(), at(1001)), "noted by the arrivals layer");
        assert!(!gate.arrived(permit.id(), at(1500)), "the answer's head comes later");
        assert_eq!(gate.take(at(2000)).err(), Some(Refusal::Until(at(2001))));
    }

    #[test]
    fn an_unused_permit_gives_its_slot_back_at_once() {
        let mut gate = Gate::new(1, at(0));
        let permit = gate.take(at(1000)).expect("open");
        gate.give_back(permit);
        assert!(gate.take(at(1000)).is_ok());
    }

    #[test]
    fn a_permit_given_back_after_its_arrival_does_not_open_the_gate() {
        let mut gate = Gate::new(1, at(0));
        let permit = gate.take(at(1000)).expect("open");
        gate.arrived(permit.id(), at(1100));
        gate.give_back(permit);
        assert_eq!(gate.take(at(1200)).err(), Some(Refusal::Until(at(2100))));
    }

    #[test]
    fn twenty_at_once_and_then_none_for_a_second() {
        let mut gate = Gate::new(CAP, at(0));
        for _ in 0..CAP {
            let permit = gate.take(at(1000)).expect("open");
            gate.arrived(permit.id(), at(1001));
        }
        assert_eq!(gate.take(at(1500)).err(), Some(Refusal::Until(at(2001))));
    }

    /// What may happen between two looks at the gate.
    #[derive(Clone, Debug)]
    enum Event {
        /// Time passes.
        Pause(u64),
        /// As many requests as the gate lets out; each arrives after the given delay, and the
        /// arrival is noted after a further one. `None`: only the end of the request tells, 5 s later.
        Burst { wanted: u8, travel: u64, note: Option<u64> },
        /// A permit is taken and given back.
        Unused,
        /// The process is restarted: all knowledge is lost, requests under way still arrive.
        Restart,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            6 => (0_u64..200).prop_map(Event::Pause),
            1 => (200_u64..3000).prop_map(Event::Pause),
            8 => (1_u8..30, 0_u64..900, prop::option::weighted(0.9, 0_u64..300))
                .prop_map(|(wanted, travel, note)| Event::Burst { wanted, travel, note }),
            1 => Just(Event::Unused),
            1 => Just(Event::Restart),
        ];
        prop::collection::vec(event, 1..60)
    }

    /// Runs the events; the times of all arrivals (true ones, in ms), sorted, and those of all grants.
    fn simulate(events: &[Event], cap: u32) -> (Vec<u64>, Vec<u64>) {
        let mut now = 0_u64;
        let mut gate = Gate::new(cap, at(0));
        let mut pending: Vec<(u64, PermitId)> = Vec::new();
        let (mut arrivals, mut grants) = (Vec::new(), Vec::new());
        for event in events {
            match *event {
                Event::Pause(millis) => now += millis,
                Event::Burst { wanted, travel, note } => {
                    for _ in 0..wanted {
                        let Ok(permit) = gate.take(at(now)) else { break };
                        grants.push(now);
                        arrivals.push(now + travel);
                        pending.push((now + travel + note.unwrap_or(5000), permit.id()));
                    }
                }
                Event::Unused => {
                    if let Ok(permit) = gate.take(at(now)) {
                        gate.give_back(permit);
                    }
                }
                Event::Restart => {
                    // A killed process sends nothing more; what is in the socket arrives by now.
                    for arrival in &mut arrivals {
                        *arrival = (*arrival).min(now);
                    }
                    pending.clear();
                    gate = Gate::new(cap, at(now));
                }
            }
            pending.sort_unstable();
            while pending.first().is_some_and(|(noted, _)| *noted <= now) {
                let (noted, id) = pending.remove(0);
                gate.arrived(id, at(noted));
            }
        }
        arrivals.sort_unstable();
        (arrivals, grants)
    }

    /// Does a bucket of `cap` tokens, refilled at `cap` per second, let all these out?
    fn bucket_accepts(times: &[u64], cap: u32) -> bool {
        let full = u64::from(cap) * 1000;
        let (mut tokens, mut last) = (full, 0);
        times.iter().all(|&time| {
            tokens = (tokens + (time - last) * u64::from(cap)).min(full);
            last = time;
            let granted = tokens >= 1000;
            tokens = tokens.saturating_sub(1000);
            granted
        })
    }

    /// How many sequences: 2,000 always, as many as `GATE_CASES` says in the long command.
    fn cases() -> u32 {
        std::env::var("GATE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases()))]
        #[test]
        fn no_second_sees_more_arrivals_than_the_cap(events in events(), cap in 1_u32..=20) {
            let (arrivals, grants) = simulate(&events, cap);
            for window in arrivals.windows(cap as usize + 1) {
                prop_assert!(window[cap as usize] - window[0] >= 1000, "{window:?}");
            }
            prop_assert!(bucket_accepts(&grants, cap), "{grants:?}");
        }
    }
}
