//! A ring of time steps: the newest ones stay, and each new one replaces the oldest.

/// The newest steps of equal length, each with a value.
#[derive(Clone, Debug)]
pub struct Ring<T> {
    step: i64,
    /// The number of each step since the epoch, and its value.
    slots: Vec<Option<(i64, T)>>,
}

impl<T: Default> Ring<T> {
    /// A ring of `count` steps of `step` seconds each.
    pub fn new(step: i64, count: usize) -> Self {
        Self { step, slots: (0..count).map(|_| None).collect() }
    }

    /// The length of a step, in seconds.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// The start of the step that holds `second`, in epoch seconds.
    pub fn start_of(&self, second: i64) -> i64 {
        second.div_euclid(self.step) * self.step
    }

    /// The first second that the ring holds at `now`.
    pub fn reaches_back_to(&self, now: i64) -> i64 {
        self.start_of(now) - (self.slots.len() as i64 - 1) * self.step
    }

    /// The step that holds `second`, to be changed. `None` when it is older than the ring is long, or after now: rows
    /// of the future, which a clock that was ahead has left, would replace those of the present.
    pub fn at(&mut self, second: i64, now: i64) -> Option<&mut T> {
        if second < self.reaches_back_to(now) || second > now {
            return None;
        }
        let number = second.div_euclid(self.step);
        let place = number.rem_euclid(self.slots.len() as i64) as usize;
        let slot = &mut self.slots[place];
        // The slot may still hold a step of an earlier lap, or of a clock that was set back since.
        if slot.as_ref().is_none_or(|(known, _)| *known != number) {
            *slot = Some((number, T::default()));
        }
        slot.as_mut().map(|(_, held)| held)
    }

    /// The step that starts at `start`, if it has a value.
    pub fn get(&self, start: i64) -> Option<&T> {
        let number = start.div_euclid(self.step);
        let place = number.rem_euclid(self.slots.len() as i64) as usize;
        self.slots[place].as_ref().filter(|(known, _)| *known == number).map(|(_, held)| held)
    }

    /// The step that starts at `start`, if it has a value, to be changed.
    pub fn get_mut(&mut self, start: i64) -> Option<&mut T> {
        let number = start.div_euclid(self.step);
        let place = number.rem_euclid(self.slots.len() as i64) as usize;
        self.slots[place].as_mut().filter(|(known, _)| *known == number).map(|(_, held)| held)
    }

    /// The values of the steps whose starts are in `from..to`, oldest first.
    pub fn between(&self, from: i64, to: i64) -> impl Iterator<Item = &T> {
        // Rounded up: a step that begins before `to` belongs to it, wherever it ends.
        let number = |second: i64| (second + self.step - 1).div_euclid(self.step);
        let wanted = number(from)..number(to);
        let numbers: Vec<i64> = if wanted.end.saturating_sub(wanted.start) <= self.slots.len() as i64 {
            wanted.collect()
        } else {
            // When the clock was set by years, there are too many steps in between to look at each.
            let held = self.slots.iter().flatten().map(|(number, _)| *number);
            let mut held: Vec<i64> = held.filter(|number| wanted.contains(number)).collect();
            held.sort_unstable();
            held
        };
        numbers.into_iter().filter_map(|number| self.get(number * self.step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(ring: &Ring<u32>, from: i64, to: i64) -> Vec<u32> {
        ring.between(from, to).copied().collect()
    }

    #[test]
    fn the_newest_steps_stay_and_older_ones_are_not_taken() {
        let mut ring = Ring::new(10, 3);
        for second in [100, 109, 110, 125] {
            *ring.at(second, 125).expect("recent") += 1;
        }
        assert_eq!(held(&ring, 100, 130), [2, 1, 1]);
        assert_eq!(held(&ring, 100, 120), [2, 1], "`to` is not part of it");
        assert_eq!(held(&ring, 100, 121), [2, 1, 1], "but the step that began before it is");
        assert!(ring.at(99, 125).is_none(), "three steps back at 125 is 100");
        *ring.at(130, 130).expect("now") += 5;
        assert_eq!(held(&ring, 100, 140), [1, 1, 5], "130 took the place of 100");
        assert!(ring.at(105, 130).is_none());
    }

    #[test]
    fn a_period_of_years_is_gone_through_at_once_oldest_first() {
        let mut ring = Ring::new(1, 5);
        let now = 1_795_942_800;
        for (second, content) in [(62, 1), (61, 2), (now - 1, 4), (now - 2, 3)] {
            *ring.at(second, second.max(63)).expect("recent") = content;
        }
        assert_eq!(held(&ring, 0, now), [2, 1, 3, 4]);
        assert_eq!(held(&ring, 62, now - 1), [1, 3], "`to` is not part of it");
        assert!(held(&ring, 3, 2).is_empty());
    }

    #[test]
    fn nothing_is_taken_after_now_so_that_no_jump_takes_the_place_of_the_present() {
        let mut ring = Ring::new(10, 3);
        *ring.at(125, 125).expect("now") = 7;
        assert_eq!(ring.at(125, 125), Some(&mut 7));
        for second in [126, 150, 155, 125 + 86_400, i64::MAX] {
            assert_eq!(ring.at(second, 125), None, "{second}");
        }
        assert_eq!(held(&ring, 100, 160), [7]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_shut_the_ring() {
        let mut ring = Ring::new(1, 5);
        *ring.at(1000, 1000).expect("now") = 7;
        *ring.at(500, 500).expect("now again") = 8;
        assert_eq!(held(&ring, 496, 501), [8]);
    }
}
