//! One number with its name.

use leptos::prelude::*;

/// A named number. `<dl>` around several of them.
#[component]
pub fn Stat(
    /// What it is.
    #[prop(into)]
    label: Signal<String>,
    /// How much it is.
    #[prop(into)]
    value: Signal<String>,
    /// `good`, `bad` or empty: colours the value; the label says the same in words.
    #[prop(into, optional)]
    tone: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="stat">
            <dt>{label}</dt>
            <dd data-tone=tone>{value}</dd>
        </div>
    }
}

/// The tone of a value that is bad news when it is not as it should be.
pub fn tone(bad: bool) -> &'static str {
    if bad { "bad" } else { "" }
}
