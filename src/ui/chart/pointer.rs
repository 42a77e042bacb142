//! Reads a chart by pointer and by keyboard: a native slider lies over its picture. Dragging zooms into a part of the axis.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, KeyboardEvent, PointerEvent};

use super::group::{ChartGroup, length, visible, whole};
use super::{Chart, ChartBand};

/// What a pointer or the keyboard is doing in one chart.
#[derive(Clone, Copy)]
struct ChartReading {
    chart: Memo<Chart>,
    group: ChartGroup,
    /// Is this the chart that is being read? Only this one shows a tooltip.
    here: RwSignal<bool>,
    /// Where a drag began, as a share of the whole axis.
    drag: RwSignal<Option<f64>>,
}

impl ChartReading {
    /// The index of the point that is being read, if it is read in this chart.
    fn index(self) -> Option<usize> {
        let share = self.group.cursor.get().filter(|_| self.here.get())?;
        self.chart.read().nearest(share)
    }

    fn read(self, share: Option<f64>) {
        self.here.set(share.is_some());
        self.group.cursor.set(share);
    }

    /// The position under the pointer, as a share of the whole axis.
    fn under(self, event: &PointerEvent) -> f64 {
        let width = event.current_target().and_then(|slider| slider.dyn_into::<HtmlInputElement>().ok());
        let width = width.map_or(1, |slider| slider.client_width().max(1));
        whole(f64::from(event.offset_x()) / f64::from(width), self.group.part.get_untracked())
    }

    fn on_pointer(self, event: &PointerEvent) {
        let share = self.under(event);
        match event.type_().as_str() {
            // A finger scrolls and reads; it does not zoom.
            "pointerdown" if event.pointer_type() != "touch" => self.drag.set(Some(share)),
            "pointerup" => {
                if let Some(from) = self.drag.get_untracked() {
                    self.drag.set(None);
                    self.group.zoom(from, share);
                }
            }
            _ => {}
        }
        self.read(Some(share));
    }

    /// The keyboard has moved the slider to another point. A pointer that drags moves it, too, and is handled above.
    fn on_input(self, event: &Event) {
        let index = event_target_value(event).parse::<usize>().ok().filter(|_| self.drag.get_untracked().is_none());
        let at = index.and_then(|index| self.chart.read_untracked().points.get(index).map(|point| point.at));
        if at.is_some() {
            self.read(at);
        }
    }

    fn on_focus(self) {
        let last = self.chart.read_untracked().points.last().map(|point| point.at);
        self.read(self.group.cursor.get_untracked().or(last));
    }

    fn on_key(self, event: &KeyboardEvent) {
        if event.key() == "Escape" {
            self.group.reset();
            self.drag.set(None);
        }
    }
}

/// The slider, the tooltip, the part that is being chosen, and the names of the bands.
#[component]
pub(super) fn Pointer(id: &'static str, chart: Memo<Chart>, group: ChartGroup) -> impl IntoView {
    let reading = ChartReading { chart, group, here: RwSignal::new(false), drag: RwSignal::new(None) };
    // Without a script, or without points, the slider is of no use.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let points = Memo::new(move |_| chart.read().points.len());
    let index = move || reading.index().unwrap_or_else(|| points.get().saturating_sub(1));
    let words = move || reading.index().map(|index| chart.read().reading(index)).unwrap_or_default();
    let label = move || format!("Values of {}", chart.read().title);
    let on_pointer = move |event: PointerEvent| reading.on_pointer(&event);
    view! {
        <input
            class="reader"
            type="range"
            id=format!("{id}-reader")
            min="0"
            max=move || points.get().saturating_sub(1)
            prop:value=move || index().to_string()
            aria-label=label
            aria-valuetext=words
            hidden=move || !alive.get() || points.get() == 0
            on:pointermove=on_pointer
            on:pointerdown=on_pointer
            on:pointerup=on_pointer
            on:pointerleave=move |_| reading.read(None)
            on:pointercancel=move |_| reading.drag.set(None)
            on:input=move |event| reading.on_input(&event)
            on:focus=move |_| reading.on_focus()
            on:blur=move |_| reading.read(None)
            on:keydown=move |event| reading.on_key(&event)
        />
        <Selection reading />
        <Bands chart group />
        <Tooltip reading />
    }
    .into_any()
}

/// The part of the axis between the start of a drag and the pointer.
#[component]
fn Selection(reading: ChartReading) -> impl IntoView {
    let part = move || {
        let (from, to) = (reading.drag.get()?, reading.group.cursor.get()?);
        let part = reading.group.part.get();
        Some((visible(from.min(to), part), visible(from.max(to), part)))
    };
    let x = move || length(part().map_or(0.0, |(from, _)| from));
    let width = move || length(part().map_or(0.0, |(from, to)| to - from));
    view! {
        <svg class="overlay" aria-hidden="true">
            <rect class="selection" y="0" height="100%" x=x width=width></rect>
        </svg>
    }
}

/// The names of the bands above the picture, each a link. The link stays while its band moves, so that it can be used.
#[component]
fn Bands(chart: Memo<Chart>, group: ChartGroup) -> impl IntoView {
    let bands = Memo::new(move |_| chart.read().bands.clone());
    let name = move |first: ChartBand| {
        let href = first.href.clone();
        let known = first.clone();
        let band = Memo::new(move |_| {
            let found = bands.with(|bands| bands.iter().find(|band| band.href == known.href).cloned());
            found.unwrap_or_else(|| known.clone())
        });
        // A name in the right half ends with its band, so that it does not leave the picture.
        let is_late = Memo::new(move |_| band.read().is_late());
        let x = move || {
            let part = group.part.get();
            let band = band.read();
            length(if is_late.get() { visible(band.to, part).min(1.0) } else { visible(band.from, part).max(0.0) })
        };
        let anchor = move || if is_late.get() { "end" } else { "start" };
        // A band that is not in the visible part has no name there, either.
        let visibility = move || {
            let part = group.part.get();
            let band = band.read();
            if visible(band.to, part) > 0.0 && visible(band.from, part) < 1.0 { "visible" } else { "hidden" }
        };
        // Around a link in a picture there has to be a picture: or else it were made as a link in a text.
        view! {
            <svg overflow="visible" visibility=visibility>
                <a class="band" href=href>
                    <title>{first.name.clone()}</title>
                    <text x=x y="0" dy="-0.4em" text-anchor=anchor>
                        {first.name}
                    </text>
                </a>
            </svg>
        }
    };
    view! {
        <svg class="overlay bands">
            <For each=move || bands.get() key=|band| band.href.clone() children=name />
        </svg>
    }
}

/// The values at the crosshair. Screen readers hear them from the slider. It exists in the browser only, so its position
/// may be a style.
#[component]
fn Tooltip(reading: ChartReading) -> impl IntoView {
    let value = |(name, value): (String, String)| {
        view! {
            <li>
                <span>{name}</span>
                " "
                <strong>{value}</strong>
            </li>
        }
    };
    let tooltip = move || {
        let index = reading.index()?;
        let (at, values) = reading.chart.with(|chart| Some((chart.points.get(index)?.at, chart.values(index))))?;
        let at = visible(at, reading.group.part.get());
        let side = if at > 0.5 { "tooltip before" } else { "tooltip" };
        Some(view! {
            <ul class=side aria-hidden="true" style:left=length(at)>
                {values.into_iter().map(value).collect_view()}
            </ul>
        })
    };
    view! { {tooltip} }
}
