//! Draws any [`Chart`]: caption, picture, legend, a sentence, and the same numbers as a table.
//!
//! Picture, legend and rows are HTML made in one go: a chart changes as a whole, every second, and
//! has hundreds of marks and rows.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;

use super::Chart;
use super::svg::percent;
use crate::ui::erased::{flag, live, text};
use crate::ui::table::DataTable;

/// A chart with everything around it.
#[component]
pub fn ChartFrame(
    /// A name that no other chart of the page has; ids derive from it.
    id: &'static str,
    /// What is drawn.
    #[prop(into)]
    chart: Signal<Chart>,
) -> impl IntoView {
    let cursor = RwSignal::new(None::<usize>);
    let reading = Memo::new(move |_| cursor.get().map(|index| chart.read().reading(index)).unwrap_or_default());
    view! {
        <figure class="chart" data-chart=id>
            <figcaption>{text(move || chart.read().title.clone())}</figcaption>
            // What the cursor reads is told to a screen reader by the slider below.
            <p class="reading" aria-hidden="true">{reading}</p>
            <div class="plot">
                <svg
                    class="picture"
                    role="img"
                    aria-labelledby=format!("{id}-title")
                    aria-describedby=format!("{id}-desc")
                    inner_html=text(move || chart.read().picture_html(id))
                ></svg>
                <Reader chart cursor reading />
            </div>
            <ul class="legend" inner_html=text(move || chart.read().legend_html())></ul>
            <p class="sentence">{text(move || chart.read().sentence.clone())}</p>
            <Table chart />
        </figure>
    }
}

/// Reads values with pointer or keyboard: a native slider over the picture. It comes with the
/// script, for without it it would do nothing.
#[component]
fn Reader(chart: Signal<Chart>, cursor: RwSignal<Option<usize>>, reading: Memo<String>) -> impl IntoView {
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let last = move || chart.read().points.len().saturating_sub(1);
    let follow = move |event: web_sys::PointerEvent| {
        let Some(element) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
            return;
        };
        let at = f64::from(event.offset_x()) / f64::from(element.client_width().max(1));
        cursor.set(chart.read_untracked().nearest(at));
    };
    let line = text(move || {
        let at = cursor.get().and_then(|index| chart.read().points.get(index).map(|point| percent(point.at)));
        let (at, shown) = at.map_or_else(|| ("0".to_owned(), "hidden"), |at| (at, "visible"));
        format!("<line class=\"cursor\" y1=\"0\" y2=\"100%\" x1=\"{at}\" x2=\"{at}\" visibility=\"{shown}\"/>")
    });
    let reader = move || {
        view! {
            <svg class="cursor-layer" aria-hidden="true" inner_html=line></svg>
            <input
                class="reader"
                type="range"
                min="0"
                max=text(move || last().to_string())
                prop:value=text(move || cursor.get().unwrap_or_else(last).to_string())
                aria-label=text(move || format!("Values of {}", chart.read().title))
                aria-valuetext=reading
                on:input:target=move |event| cursor.set(event.target().value().parse().ok())
                on:focus=move |_| cursor.update(|cursor| *cursor = cursor.or_else(|| Some(untrack(last))))
                on:blur=move |_| cursor.set(None)
                on:pointermove=follow
                on:pointerdown=follow
                on:pointerleave=move |_| cursor.set(None)
            />
        }
        .into_any()
    };
    let there = Memo::new(move |_| alive.get() && !chart.read().points.is_empty());
    live(move || if there.get() { reader() } else { ().into_any() })
}

/// The same numbers as a table. Closed, its rows are there only as long as no script is.
#[component]
fn Table(chart: Signal<Chart>) -> impl IntoView {
    let wanted = RwSignal::new(true);
    Effect::new(move |_| wanted.set(false));
    let rows = move || if wanted.get() { chart.read().rows_html() } else { String::new() };
    let heads = move || chart.read().heads().map(str::to_owned).collect::<Vec<_>>();
    let name = move || format!("{} as a table", chart.read().title);
    view! {
        <details class="as-table" on:toggle:target=move |event| wanted.set(event.target().has_attribute("open"))>
            <summary>"Show as table"</summary>
            <p class="left-out" hidden=flag(move || chart.read().left_out.is_empty())>{text(move || chart.read().left_out.to_owned())}</p>
            <DataTable label=Signal::derive(name) heads=Signal::derive(heads) rows=Signal::derive(rows) />
        </details>
    }
}
