//! Form fields: native controls with their labels and help texts.

use leptos::html;
use leptos::prelude::*;

use super::erased::text;
use super::table::escaped;

/// A labelled `<select>`.
#[component]
pub fn SelectField(
    /// The control's id.
    id: &'static str,
    /// The name under which the form sends it.
    name: &'static str,
    /// Its visible label.
    label: &'static str,
    /// Value and text of each choice.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    /// The chosen value.
    chosen: RwSignal<String>,
    /// A short text behind the control.
    #[prop(into, optional)]
    note: Signal<String>,
    /// The form's `id` of a longer help text.
    #[prop(optional)]
    described_by: Option<&'static str>,
) -> impl IntoView {
    let select = NodeRef::<html::Select>::new();
    // Follows what the program chooses. Not a bound property: that would undo, at hydration, what
    // was chosen before.
    Effect::new(move |_| {
        if let Some(select) = select.get() {
            select.set_value(&chosen.get());
        }
    });
    let options = text(move || {
        // Untracked: the browser keeps the selection, this only marks the first one in the HTML.
        let selected = chosen.get_untracked();
        let option = |(value, text): &(String, String)| {
            let mark = if *value == selected { " selected" } else { "" };
            format!("<option value=\"{}\"{mark}>{}</option>", escaped(value), escaped(text))
        };
        choices.read().iter().map(option).collect()
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select
                id=id
                name=name
                aria-describedby=described_by
                node_ref=select
                on:change:target=move |event| chosen.set(event.target().value())
                inner_html=options
            ></select>
            <span class="note">{note}</span>
        </div>
    }
}
