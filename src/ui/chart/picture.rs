//! The picture of a chart as SVG: axes, marks, and the crosshair.

use leptos::prelude::*;

use super::Chart;
use super::group::{ChartGroup, length, visible};
use super::point::Tick;
use super::scale::{HEIGHT, WIDTH};

/// The picture. It is stretched to the size of the plot, so positions outside the marks are shares.
#[component]
pub(super) fn Picture(id: &'static str, chart: Memo<Chart>, group: ChartGroup) -> impl IntoView {
    let title_id = format!("{id}-title");
    let description_id = format!("{id}-desc");
    let title = move || chart.read().title.clone();
    let description = move || chart.with(|chart| format!("{} {}", chart.axes, chart.sentence));
    let marks = Memo::new(move |_| chart.read().marks.len());
    let view_box = move || {
        let (from, to) = group.part.get();
        format!("{} 0 {} {HEIGHT}", from * WIDTH, (to - from) * WIDTH)
    };
    view! {
        <svg class="picture" role="img" aria-labelledby=title_id.clone() aria-describedby=description_id.clone()>
            <title id=title_id.clone()>{title}</title>
            <desc id=description_id.clone()>{description}</desc>
            <SideTicks chart />
            <BottomTicks chart group />
            <svg class="marks" width="100%" height="100%" viewBox=view_box preserveAspectRatio="none">
                <For each=move || 0..marks.get() key=|index| *index let:index>
                    <Shape chart index />
                </For>
            </svg>
            <Cursor chart group />
        </svg>
    }
    .into_any()
}

/// One shape of the picture.
#[component]
fn Shape(chart: Memo<Chart>, index: usize) -> impl IntoView {
    let class = move || chart.read().marks.get(index).map(|mark| mark.class);
    let path = move || chart.read().marks.get(index).map(|mark| mark.path.clone());
    view! { <path class=class d=path></path> }
}

/// Keys for labels: one that moves or changes its text is another label.
fn keyed(ticks: Vec<Tick>) -> Vec<(String, Tick)> {
    ticks.into_iter().map(|tick| (format!("{} {}", length(tick.at), tick.text), tick)).collect()
}

#[component]
fn SideTicks(chart: Memo<Chart>) -> impl IntoView {
    let ticks = Memo::new(move |_| keyed(chart.read().y.clone()));
    let label = |(_, tick): (String, Tick)| {
        let y = length(1.0 - tick.at);
        view! {
            <line class="grid" x1="0" x2="100%" y1=y.clone() y2=y.clone()></line>
            <text class="tick" x="-8" y=y dy="0.35em" text-anchor="end">
                {tick.text}
            </text>
        }
    };
    view! { <For each=move || ticks.get() key=|(key, _)| key.clone() children=label /> }
}

#[component]
fn BottomTicks(chart: Memo<Chart>, group: ChartGroup) -> impl IntoView {
    let ticks = Memo::new(move |_| keyed(chart.read().bottom_ticks(group.part.get())));
    let label = |(_, tick): (String, Tick)| {
        let anchor = match tick.at {
            at if at < 0.02 => "start",
            at if at > 0.98 => "end",
            _ => "middle",
        };
        view! {
            <text class="tick" x=length(tick.at) y="100%" dy="1.5em" text-anchor=anchor>
                {tick.text}
            </text>
        }
    };
    view! { <For each=move || ticks.get() key=|(key, _)| key.clone() children=label /> }
}

/// The crosshair, at the point that is nearest to the position that is being read.
#[component]
fn Cursor(chart: Memo<Chart>, group: ChartGroup) -> impl IntoView {
    let position = move || {
        let share = group.cursor.get()?;
        let at = chart.with(|chart| Some(chart.points.get(chart.nearest(share)?)?.at))?;
        Some(visible(at, group.part.get())).filter(|at| (0.0..=1.0).contains(at))
    };
    let x = move || length(position().unwrap_or_default());
    let visibility = move || if position().is_some() { "visible" } else { "hidden" };
    view! { <line class="cursor" y1="0" y2="100%" x1=x x2=x visibility=visibility></line> }
}
