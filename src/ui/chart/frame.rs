//! Draws any [`Chart`]: caption, picture, legend, a sentence, and the same numbers as a table.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;

use super::scale::{HEIGHT, WIDTH};
use super::{Chart, Tick};

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
            <figcaption>{move || chart.read().title.clone()}</figcaption>
            // What the cursor reads is told to a screen reader by the slider below.
            <p class="reading" aria-hidden="true">{reading}</p>
            <div class="plot">
                <Picture id chart cursor />
                <Reader chart cursor reading />
            </div>
            <Legend chart />
            <p class="sentence">{move || chart.read().sentence.clone()}</p>
            <Table chart />
        </figure>
    }
}

/// Where the cursor is while it is hidden: an empty length would be no length.
fn nowhere() -> String {
    "0".to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

#[component]
fn Picture(id: &'static str, chart: Signal<Chart>, cursor: RwSignal<Option<usize>>) -> impl IntoView {
    let marks = move || {
        let chart = chart.read();
        chart.marks.iter().map(|mark| view! { <path class=mark.class d=mark.path.clone() /> }).collect_view()
    };
    let cursor_at =
        move || cursor.get().and_then(|index| chart.read().points.get(index).map(|point| percent(point.at)));
    view! {
        <svg class="picture" role="img" aria-labelledby=format!("{id}-title") aria-describedby=format!("{id}-desc")>
            <title id=format!("{id}-title")>{move || chart.read().title.clone()}</title>
            <desc id=format!("{id}-desc")>{move || format!("{} {}", chart.read().axes, chart.read().sentence)}</desc>
            <g>{move || chart.read().y.iter().map(side_tick).collect_view()}</g>
            <g>{move || chart.read().x.iter().map(bottom_tick).collect_view()}</g>
            <svg width="100%" height="100%" viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none">
                {marks}
            </svg>
            <line class="cursor" y1="0" y2="100%" x1=move || cursor_at().unwrap_or_else(nowhere) x2=move || cursor_at().unwrap_or_else(nowhere) visibility=move || if cursor_at().is_some() { "visible" } else { "hidden" } />
        </svg>
    }
}

fn side_tick(tick: &Tick) -> impl IntoView + use<> {
    let y = percent(1.0 - tick.at);
    view! {
        <line class="grid" x1="0" x2="100%" y1=y.clone() y2=y.clone() />
        <text class="tick" x="-8" y=y dy="0.35em" text-anchor="end">{tick.text.clone()}</text>
    }
}

fn bottom_tick(tick: &Tick) -> impl IntoView + use<> {
    let anchor = if tick.at < 0.02 {
        "start"
    } else if tick.at > 0.98 {
        "end"
    } else {
        "middle"
    };
    view! { <text class="tick" x=percent(tick.at) y="100%" dy="1.5em" text-anchor=anchor>{tick.text.clone()}</text> }
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
    view! {
        <Show when=move || alive.get() && !chart.read().points.is_empty()>
            <input
                class="reader"
                type="range"
                min="0"
                max=last
                prop:value=move || cursor.get().unwrap_or_else(last).to_string()
                aria-label=move || format!("Values of {}", chart.read().title)
                aria-valuetext=reading
                on:input:target=move |event| cursor.set(event.target().value().parse().ok())
                on:focus=move |_| cursor.update(|cursor| *cursor = cursor.or_else(|| Some(untrack(last))))
                on:blur=move |_| cursor.set(None)
                on:pointermove=follow
                on:pointerdown=follow
                on:pointerleave=move |_| cursor.set(None)
            />
        </Show>
    }
}

#[component]
fn Legend(chart: Signal<Chart>) -> impl IntoView {
    let keys = move || {
        let chart = chart.read();
        let key = |class: &'static str, name: String| view! { <li class="key"><svg class="swatch" viewBox="0 0 24 10" aria-hidden="true"><path class=class d="M0 5H24" /><path class=format!("{class} block") d="M4 1H20V9H4Z" /></svg>{name}</li> };
        chart.keys.iter().map(|entry| key(entry.class, entry.name.clone())).collect_view()
    };
    view! { <ul class="legend">{keys}</ul> }
}

/// The same numbers as a table. Closed, its rows are there only as long as no script is.
#[component]
fn Table(chart: Signal<Chart>) -> impl IntoView {
    let wanted = RwSignal::new(true);
    Effect::new(move |_| wanted.set(false));
    let rows = move || if wanted.get() { chart.read().rows_html() } else { String::new() };
    let heads = move || {
        let chart = chart.read();
        chart.heads().map(|head| view! { <th scope="col">{head.to_owned()}</th> }).collect_view()
    };
    let name = move || format!("{} as a table", chart.read().title);
    view! {
        <details class="as-table" on:toggle:target=move |event| wanted.set(event.target().has_attribute("open"))>
            <summary>"Show as table"</summary>
            <div class="table-scroll" role="region" tabindex="0" aria-label=name>
                <table>
                    <thead>
                        <tr>{heads}</tr>
                    </thead>
                    <tbody inner_html=rows></tbody>
                </table>
            </div>
        </details>
    }
}
