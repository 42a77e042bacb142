//! Renders any [`Chart`]: caption, picture, legend, a sentence, and the numbers as a table.
//!
//! When the data change, only attributes and texts of the picture do: its elements stay.

use leptos::prelude::*;

use super::Chart;
use super::group::ChartGroup;
use super::legend::Legend;
use super::picture::Picture;
use super::pointer::Pointer;
use super::table::ChartTable;

/// A chart. Charts below one [`ChartGroup`] share their crosshair and the visible part of their axis.
#[component]
pub fn ChartFigure(
    /// The id of the figure, which no other element of the page has; other ids derive from it.
    id: &'static str,
    /// The chart.
    #[prop(into)]
    chart: Signal<Chart>,
) -> impl IntoView {
    // The chart is read in many places, and may be computed each time otherwise.
    let chart = Memo::new(move |_| chart.get());
    let group = ChartGroup::current();
    let title = move || chart.read().title.clone();
    view! {
        <figure class="chart" id=id>
            <figcaption>
                <span class="chart-title">{title}</span>
                <span class="chart-unit">{move || chart.read().unit}</span>
                <ZoomReset group />
            </figcaption>
            <div class="plot">
                <Picture id chart group />
                <Pointer id chart group />
            </div>
            <Legend chart />
            <p class="sentence">{move || chart.read().sentence.clone()}</p>
            <ChartTable id chart />
        </figure>
    }
    .into_any()
}

/// Leads back to the whole axis.
#[component]
fn ZoomReset(group: ChartGroup) -> impl IntoView {
    view! {
        <button class="zoom-reset" type="button" hidden=move || !group.is_zoomed() on:click=move |_| group.reset()>
            "Show all"
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::super::point::{ChartPoint, Tick};
    use super::super::{Key, Mark};
    use super::*;

    fn chart() -> Chart {
        let tick = |at, text: &str| Tick { at, text: text.to_owned() };
        Chart {
            title: "Rate & more".to_owned(),
            sentence: "At most 2.".to_owned(),
            unit: "requests per second",
            axes: "Per second.".to_owned(),
            x: vec![tick(0.0, "0:00"), tick(1.0, "0:02")],
            marks: vec![
                Mark { class: "planned", path: "M0 0".to_owned() },
                Mark { class: "failed", path: String::new() },
            ],
            keys: vec![Key::new("planned", "planned < cap")],
            columns: vec!["time", "planned"],
            points: vec![ChartPoint { at: 0.5, cells: vec!["0:01".to_owned(), "2".to_owned()] }],
            ..Chart::default()
        }
    }

    #[test]
    fn a_figure_is_named_described_and_has_its_numbers() {
        let owner = Owner::new();
        let html = owner.with(|| view! { <ChartFigure id="rate" chart=Signal::stored(chart()) /> }.to_html());
        for part in [
            "<figure id=\"rate\" class=\"chart\">",
            "aria-labelledby=\"rate-title\" aria-describedby=\"rate-desc\"",
            "<title id=\"rate-title\">Rate &amp; more",
            "Per second. At most 2.",
            "d=\"M0 0\" class=\"planned\"",
            "planned &lt; cap",
            "text-anchor=\"start\"",
            "<summary>Show as table</summary>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("style="), "{html}");
    }
}
