//! Charts as SVG: pure functions from numbers to paths, the same on server and browser.

use leptos::prelude::*;

/// The inner width of every chart, in its own units; the page stretches it.
const WIDTH: f64 = 600.0;
/// The inner height.
const HEIGHT: f64 = 150.0;

/// Maps a chart's values to its units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The value at the right edge.
    pub x_max: f64,
    /// The value at the top edge.
    pub y_max: f64,
}

impl Scale {
    fn x(&self, value: f64) -> f64 {
        value / self.x_max * WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - value / self.y_max * HEIGHT
    }

    /// A line through the points, in the order given.
    pub fn line(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (x, y) in points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{command}{:.1} {:.1}", self.x(x), self.y(y)));
        }
        path
    }

    /// Steps of width 1 from 0 on, one for each value.
    pub fn steps(&self, values: &[u32]) -> String {
        let corners = values.iter().enumerate().flat_map(|(i, value)| {
            let (from, to) = (i as f64, (i + 1) as f64);
            [(from, f64::from(*value)), (to.min(self.x_max), f64::from(*value))]
        });
        self.line(corners)
    }

    /// A path closed along the base line, to be filled. Empty for an empty one.
    pub fn area(&self, line: &str, x_end: f64) -> String {
        if line.is_empty() { String::new() } else { format!("{line}L{:.1} {HEIGHT:.1}L0 {HEIGHT:.1}Z", self.x(x_end)) }
    }
}

/// Rate over time: what is planned, what was achieved, and the cap.
#[component]
pub fn RateChart(
    /// The chart's name.
    #[prop(into)]
    title: Signal<String>,
    /// What it shows, in a sentence; visible below it.
    #[prop(into)]
    sentence: Signal<String>,
    /// Seconds at the right edge.
    #[prop(into)]
    seconds: Signal<u32>,
    /// The planned rate: points of time and rate.
    #[prop(into)]
    planned: Signal<Vec<(f64, f64)>>,
    /// Requests sent in each second that is over.
    #[prop(into, optional)]
    achieved: Signal<Vec<u32>>,
    /// The cap, in requests per second.
    cap: u32,
) -> impl IntoView {
    let y_max = f64::from(cap) * 1.15;
    let scale = move || Scale { x_max: f64::from(seconds.get().max(1)), y_max };
    let cap_line = move || scale().line([(0.0, f64::from(cap)), (scale().x_max, f64::from(cap))]);
    let planned_line = move || scale().line(planned.get());
    let planned_area = move || scale().area(&planned_line(), scale().x_max);
    let achieved_line = move || scale().steps(&achieved.read());
    let achieved_area = move || scale().area(&achieved_line(), achieved.read().len() as f64);
    let half = move || super::format::duration(seconds.get() / 2);
    view! {
        <figure class="chart">
            <div class="plot">
                <span class="y-label y-cap" aria-hidden="true">{cap}</span>
                <span class="y-label y-zero" aria-hidden="true">"0"</span>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=move || format!("{}. {}", title.get(), sentence.get())>
                    <path class="grid" d=format!("M0 {HEIGHT}L{WIDTH} {HEIGHT}") />
                    <path class="achieved-area" d=achieved_area />
                    <path class="planned-area" d=planned_area />
                    <path class="cap" d=cap_line />
                    <path class="planned" d=planned_line />
                    <path class="achieved" d=achieved_line />
                </svg>
            </div>
            <div class="x-labels" aria-hidden="true">
                <span>"0 s"</span>
                <span>{half}</span>
                <span>{move || super::format::duration(seconds.get())}</span>
            </div>
            <div class="legend" aria-hidden="true">
                <span class="key key-planned">"planned"</span>
                <span class="key key-achieved">"sent"</span>
                <span class="key key-cap">"cap"</span>
            </div>
            <figcaption>{sentence}</figcaption>
        </figure>
    }
}

/// A small line without axes beside a number that says the same in words.
#[component]
pub fn Sparkline(
    /// The values, oldest first.
    #[prop(into)]
    values: Signal<Vec<f64>>,
) -> impl IntoView {
    let scale = move || {
        let values = values.read();
        let highest = values.iter().copied().fold(0.0, f64::max);
        // Room above the highest point for the thickness of the line.
        Scale { x_max: (values.len().max(2) - 1) as f64, y_max: highest.max(f64::MIN_POSITIVE) * 1.1 }
    };
    let line = move || {
        let points: Vec<(f64, f64)> = values.read().iter().enumerate().map(|(i, value)| (i as f64, *value)).collect();
        scale().line(points)
    };
    let area = move || scale().area(&line(), scale().x_max);
    view! {
        <svg class="spark" viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
            <path class="spark-area" d=area />
            <path class="spark-line" d=line />
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { x_max: 10.0, y_max: 20.0 };

    #[test]
    fn a_line_runs_from_left_to_right_and_up_is_more() {
        assert_eq!(SCALE.line([(0.0, 0.0), (5.0, 20.0), (10.0, 10.0)]), "M0.0 150.0L300.0 0.0L600.0 75.0");
        assert_eq!(SCALE.line([]), "");
    }

    #[test]
    fn steps_are_one_second_wide_and_end_at_the_edge() {
        assert_eq!(SCALE.steps(&[20, 10]), "M0.0 0.0L60.0 0.0L60.0 75.0L120.0 75.0");
        let narrow = Scale { x_max: 1.0, y_max: 20.0 };
        assert_eq!(narrow.steps(&[0, 20]), "M0.0 150.0L600.0 150.0L600.0 0.0L600.0 0.0");
    }

    #[test]
    fn an_area_is_closed_along_the_base_line() {
        assert_eq!(SCALE.area("M0.0 0.0L60.0 0.0", 1.0), "M0.0 0.0L60.0 0.0L60.0 150.0L0 150.0Z");
        assert_eq!(SCALE.area("", 1.0), "");
    }
}
