//! The gate: the only way out for a request, and the reason why the cap can be proved.
//!
//! The gate has `cap` slots. A slot is taken when its permit is granted, and becomes free **one second after its
//! request is known to have arrived**. Of any cap + 1 requests two share a slot, and the second of these two can't have
//! left before the first had been there for a second. So no second ever sees more than `cap` arrivals, whatever the
//! scheduler, the network or a pause of the machine does in between.
//!
//! This is stricter than a token bucket of `cap` tokens that is refilled at `cap` per second: such a bucket alone would
//! let 2·cap − 1 requests into one second.
//!
//! After the start of the process the gate stays shut for one second, so that the last second of an earlier process is
//! over before this one sends its first request.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Identifies a granted permit, so that the arrival of its request can be noted by code that does not hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PermitId(u64);

/// The right to send one request. It can't be cloned, so it is used once or given back.
#[derive(Debug)]
#[must_use = "an unused permit has to be given back"]
pub struct Permit {
    id: PermitId,
    slot: usize,
    /// Since when the slot had been free, to restore that when the permit is not used.
    free_from: Duration,
}

impl Permit {
    /// The identity under which the arrival of its request is noted.
    pub fn id(&self) -> PermitId {
        self.id
    }
}

/// Why no permit is granted, and what to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The gate is shut until this time.
    Until(Duration),
    /// All slots belong to requests that are not known to have arrived, so the gate is shut until one of them arrives.
    AwaitArrival,
}

#[derive(Clone, Copy, Debug)]
enum GateSlot {
    /// Free from this time on, which may be in the future.
    FreeFrom(Duration),
    /// Belongs to this permit, whose request is not known to have arrived.
    Taken(PermitId),
}

/// The gate. There is one per process, for all runs. All times are since one fixed start.
#[derive(Debug)]
pub struct Gate {
    slots: Vec<GateSlot>,
    granted: u64,
}

impl Gate {
    /// A gate of `cap` slots that opens one second after `started`.
    pub fn new(cap: u32, started: Duration) -> Self {
        Self { slots: vec![GateSlot::FreeFrom(started + SECOND); cap as usize], granted: 0 }
    }

    /// Takes a slot at `now`, if one is free, and grants the permit for one request.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to wait for.
    pub fn take(&mut self, now: Duration) -> Result<Permit, Refusal> {
        // Of the free slots the one that has been free for longest, else the one that becomes free first.
        let free = self.slots.iter().enumerate().filter_map(|(index, slot)| match slot {
            GateSlot::FreeFrom(from) => Some((*from, index)),
            GateSlot::Taken(_) => None,
        });
        let Some((free_from, slot)) = free.min() else {
            return Err(Refusal::AwaitArrival);
        };
        if free_from > now {
            return Err(Refusal::Until(free_from));
        }
        let id = PermitId(self.granted);
        self.granted += 1;
        self.slots[slot] = GateSlot::Taken(id);
        Ok(Permit { id, slot, free_from })
    }

    /// How many permits could be granted at `now`.
    pub fn free(&self, now: Duration) -> u32 {
        self.slots.iter().filter(|slot| matches!(slot, GateSlot::FreeFrom(from) if *from <= now)).count() as u32
    }

    /// Takes back a permit for which no request has left. Its slot is as free as it was before.
    pub fn give_back(&mut self, permit: Permit) {
        if matches!(self.slots[permit.slot], GateSlot::Taken(id) if id == permit.id) {
            self.slots[permit.slot] = GateSlot::FreeFrom(permit.free_from);
        }
    }

    /// Notes that the request of permit `id` is known to have arrived by `now`. Only the first note for a permit
    /// counts; returns whether this was the first.
    pub fn arrived(&mut self, id: PermitId, now: Duration) -> bool {
        let taken = self.slots.iter_mut().find(|slot| matches!(slot, GateSlot::Taken(held) if *held == id));
        match taken {
            Some(slot) => {
                *slot = GateSlot::FreeFrom(now + SECOND);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::traffic::engine::CAP;

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
    fn the_first_note_of_an_arrival_counts() {
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

    /// One step of a simulated sequence of events.
    #[derive(Clone, Debug)]
    enum GateEvent {
        /// Time passes.
        Pause(u64),
        /// Up to `wanted` requests leave, as far as the gate grants permits. Each arrives after `travel`, and its
        /// arrival is noted after a further delay: `note`, or 5 s when only the end of the request tells that it
        /// arrived.
        Burst { wanted: u8, travel: u64, note: Option<u64> },
        /// A permit is taken and given back.
        Unused,
        /// The process is restarted: all knowledge is lost, and requests under way still arrive.
        Restart,
    }

    fn events() -> impl Strategy<Value = Vec<GateEvent>> {
        let event = prop_oneof![
            6 => (0_u64..200).prop_map(GateEvent::Pause),
            1 => (200_u64..3000).prop_map(GateEvent::Pause),
            8 => (1_u8..30, 0_u64..900, prop::option::weighted(0.9, 0_u64..300))
                .prop_map(|(wanted, travel, note)| GateEvent::Burst { wanted, travel, note }),
            1 => Just(GateEvent::Unused),
            1 => Just(GateEvent::Restart),
        ];
        prop::collection::vec(event, 1..60)
    }

    /// Runs the events. Returns the sorted times of all arrivals, whether noted or not, and the times of all grants, in
    /// ms.
    fn simulate(events: &[GateEvent], cap: u32) -> (Vec<u64>, Vec<u64>) {
        let mut now = 0_u64;
        let mut gate = Gate::new(cap, at(0));
        let mut pending: Vec<(u64, PermitId)> = Vec::new();
        let mut arrivals = Vec::new();
        let mut grants = Vec::new();
        for event in events {
            match *event {
                GateEvent::Pause(millis) => now += millis,
                GateEvent::Burst { wanted, travel, note } => {
                    for _ in 0..wanted {
                        let Ok(permit) = gate.take(at(now)) else { break };
                        grants.push(now);
                        arrivals.push(now + travel);
                        pending.push((now + travel + note.unwrap_or(5000), permit.id()));
                    }
                }
                GateEvent::Unused => {
                    if let Ok(permit) = gate.take(at(now)) {
                        gate.give_back(permit);
                    }
                }
                GateEvent::Restart => {
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

    /// Would a bucket of `cap` tokens, refilled at `cap` per second, let out requests at all these times?
    fn bucket_accepts(times: &[u64], cap: u32) -> bool {
        let full = u64::from(cap) * 1000;
        let mut tokens = full;
        let mut last = 0;
        times.iter().all(|&time| {
            tokens = (tokens + (time - last) * u64::from(cap)).min(full);
            last = time;
            let granted = tokens >= 1000;
            tokens = tokens.saturating_sub(1000);
            granted
        })
    }

    /// How many sequences are tried: as many as the environment variable `GATE_CASES` says, else 2,000.
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
