//! A small line without axes.

use leptos::prelude::*;

use super::scale::{HEIGHT, Plane, Scale, WIDTH};

/// A sparkline. Screen readers skip it: the number beside it says the same.
#[component]
pub fn Sparkline(
    /// The values, oldest first.
    #[prop(into)]
    values: Signal<Vec<f64>>,
) -> impl IntoView {
    let paths = Memo::new(move |_| values.with(|values| paths(values)));
    view! {
        <svg class="spark" viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
            <path class="spark-area" d=move || paths.get().1></path>
            <path class="spark-line" d=move || paths.get().0></path>
        </svg>
    }
}

/// The line through the values, and the area below it.
fn paths(values: &[f64]) -> (String, String) {
    let end = (values.len().max(2) - 1) as f64;
    let highest = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    // Room above the highest point for the width of the line.
    let plane = Plane { x: Scale::Linear(end), y: Scale::Linear(highest * 1.1) };
    let line = plane.line(values.iter().enumerate().map(|(i, value)| (i as f64, *value)));
    let area = plane.area(&line, end);
    (line, area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_spans_the_width_whatever_the_number_of_values() {
        let line = |values: &[f64]| paths(values).0;
        assert_eq!(line(&[0.0, 0.0]), "M0 150L600 150");
        assert_eq!(line(&[0.0, 10.0, 0.0]), "M0 150L300 13.6L600 150");
        assert_eq!(line(&[]), "");
    }
}
