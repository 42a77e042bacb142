//! What the charts of a page share: the position that is being read, and the part of the axis that is visible.

use leptos::prelude::*;

/// Charts with the same time axis. A crosshair in one of them stands in all, and all show the same part of the axis.
#[derive(Clone, Copy, Debug)]
pub struct ChartGroup {
    /// The position that is being read, as a share of the whole axis.
    pub(super) cursor: RwSignal<Option<f64>>,
    /// The visible part of the axis, as two shares of the whole.
    pub(super) part: RwSignal<(f64, f64)>,
}

/// The whole axis.
pub(super) const WHOLE: (f64, f64) = (0.0, 1.0);
/// The shortest part that can be zoomed into, as a share of the visible one. A shorter drag is a click.
const SHORTEST: f64 = 0.02;

impl Default for ChartGroup {
    fn default() -> Self {
        Self { cursor: RwSignal::new(None), part: RwSignal::new(WHOLE) }
    }
}

impl ChartGroup {
    /// Groups the charts that are rendered below the current component.
    pub fn provide() -> Self {
        let group = Self::default();
        provide_context(group);
        group
    }

    /// The group around the current component; one of its own for a chart without a group.
    pub(super) fn current() -> Self {
        use_context().unwrap_or_default()
    }

    /// Shows the whole axis again.
    pub fn reset(self) {
        self.part.set(WHOLE);
    }

    /// Is only a part of the axis visible?
    pub fn is_zoomed(self) -> bool {
        self.part.get() != WHOLE
    }

    /// Shows the part between two positions, given as shares of the whole axis. Ignores a part that is too short.
    pub(super) fn zoom(self, a: f64, b: f64) {
        let (from, to) = self.part.get_untracked();
        if (a - b).abs() >= SHORTEST * (to - from) {
            self.part.set((a.min(b).max(0.0), a.max(b).min(1.0)));
        }
    }
}

/// A share of the whole axis as a share of its visible part.
pub(super) fn visible(share: f64, (from, to): (f64, f64)) -> f64 {
    (share - from) / (to - from)
}

/// A share of the visible part as a share of the whole axis.
pub(super) fn whole(share: f64, (from, to): (f64, f64)) -> f64 {
    from + share * (to - from)
}

/// A share as a length in SVG.
pub(super) fn length(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_a_part_and_of_the_whole_are_inverse() {
        assert_eq!((visible(0.5, (0.25, 0.75)), whole(0.5, (0.25, 0.75))), (0.5, 0.5));
        assert_eq!((visible(0.25, (0.25, 0.75)), whole(1.0, (0.25, 0.75))), (0.0, 0.75));
        assert_eq!((length(0.5), length(-0.25)), ("50.00%".to_owned(), "-25.00%".to_owned()));
    }

    #[test]
    fn a_drag_zooms_and_a_click_does_not() {
        let owner = Owner::new();
        owner.with(|| {
            let group = ChartGroup::default();
            group.zoom(0.5, 0.51);
            assert!(!group.is_zoomed());
            group.zoom(0.75, 0.25);
            assert_eq!(group.part.get_untracked(), (0.25, 0.75));
            // Two hundredths of what is visible, so one of the whole.
            group.zoom(0.4, 0.411);
            assert_eq!(group.part.get_untracked(), (0.4, 0.411));
            group.reset();
            assert!(!group.is_zoomed());
        });
    }
}
