//! The `d` of an SVG path. A page has thousands of places, and to format each of them would take longer than everything else
//! that is done for the page.

/// A place in a drawing as it is written: to a tenth, without a `.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its characters, the first one in the lowest byte.
    text: u64,
    /// How many those are: five at most.
    length: u8,
}

impl Place {
    /// So far from the edge: not negative, and below a thousand.
    pub fn of(place: f64) -> Self {
        // Rounded by the cast, which is one instruction.
        let tenths = (place * 10.0 + 0.5) as u32;
        debug_assert!(tenths < 10_000, "{place} is not within a drawing");
        let digit = |of: u32| b'0' + (of % 10) as u8;
        let text = [digit(tenths / 1000), digit(tenths / 100), digit(tenths / 10), b'.', digit(tenths), 0, 0, 0];
        let first = u8::from(tenths < 1000) + u8::from(tenths < 100);
        let end = if tenths.is_multiple_of(10) { 3 } else { 5 };
        Self { text: u64::from_le_bytes(text) >> (8 * first), length: end - first }
    }
}

/// A path that is being written.
#[derive(Debug, Default)]
pub struct Path(Vec<u8>);

impl Path {
    /// An empty one with room for so many points: to let it grow costs as much as to write it.
    pub fn of(points: usize) -> Self {
        // Two commands, each with five characters at most.
        Self(Vec::with_capacity(points * 12))
    }

    /// Appends a command with one number, or the second number of the command before with a blank as its command.
    pub fn push(&mut self, command: u8, place: Place) {
        let end = self.0.len() + 1 + usize::from(place.length);
        // Always eight bytes, because to copy just as many as there are takes longer.
        self.0.extend_from_slice(&(place.text << 8 | u64::from(command)).to_le_bytes());
        self.0.truncate(end);
    }

    /// Appends what is always the same.
    pub fn push_text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Appends a box, from left to right and from bottom to top.
    pub fn push_box(&mut self, [left, right]: [Place; 2], [bottom, top]: [Place; 2]) {
        self.push(b'M', left);
        self.push(b' ', top);
        self.push(b'H', right);
        self.push(b'V', bottom);
        self.push(b'H', left);
        self.push_text("Z");
    }

    /// Appends what is between two lines of steps: along `upper` and back along `lower`. `x` are the beginnings of the steps
    /// and the end of the last one.
    pub fn push_band(&mut self, x: &[Place], upper: &[Place], lower: &[Place]) {
        let Some(begin) = x.first().filter(|_| !upper.is_empty()) else { return };
        self.push(b'M', *begin);
        for (i, (y, end)) in upper.iter().zip(&x[1..]).enumerate() {
            self.push(if i == 0 { b' ' } else { b'V' }, *y);
            self.push(b'H', *end);
        }
        for (y, begin) in lower.iter().zip(x).rev() {
            self.push(b'V', *y);
            self.push(b'H', *begin);
        }
        self.push_text("Z");
    }

    /// As it goes into the attribute.
    pub fn into_text(self) -> String {
        // Nothing but ASCII is ever pushed.
        String::from_utf8(self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_to_a_tenth() {
        for (place, text) in [
            (0.0, "M0"),
            (0.04, "M0"),
            (0.06, "M0.1"),
            (9.95, "M10"),
            (10.0, "M10"),
            (99.94, "M99.9"),
            (599.96, "M600"),
            (123.45, "M123.5"),
        ] {
            let mut path = Path::default();
            path.push(b'M', Place::of(place));
            assert_eq!(path.into_text(), text, "{place}");
        }
    }

    #[test]
    fn one_command_stands_behind_the_other() {
        let mut path = Path::of(1);
        path.push_box([0.0, 12.5].map(Place::of), [150.0, 0.0].map(Place::of));
        path.push_text("h0");
        path.push_band(&[0.0, 60.0, 120.0].map(Place::of), &[0.0, 30.0].map(Place::of), &[75.0, 80.5].map(Place::of));
        path.push_band(&[Place::of(0.0)], &[], &[]);
        assert_eq!(path.into_text(), "M0 0H12.5V150H0Zh0M0 0H60V30H120V80.5H60V75H0Z");
    }
}
