//! A figure with its name, such as a tile of a dashboard.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

use super::tone::Tone;

/// One figure in a `<dl class="stats">`.
#[component]
pub fn Stat(
    /// The name of the figure.
    #[prop(into)]
    label: TextProp,
    /// The figure with its unit.
    #[prop(into)]
    value: Signal<String>,
    /// Whether the figure is good or bad news.
    #[prop(optional, into)]
    tone: Signal<Tone>,
    /// What the figure is of, or how it compares. Its line is there even when it is empty, so that nothing moves.
    #[prop(optional, into)]
    note: Signal<String>,
    /// What stands below the figure, such as a trend or a sparkline.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="stat" data-tone=move || tone.get().name()>
            <dt>{move || label.get()}</dt>
            <dd>
                <span class="stat-value">{value}</span>
                {children.map(|children| children())}
                <span class="stat-note">{note}</span>
            </dd>
        </div>
    }
    .into_any()
}
