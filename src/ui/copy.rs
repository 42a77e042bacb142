//! A button that copies a text.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

/// What came of the last press.
#[derive(Clone, PartialEq, Eq)]
enum Copied {
    No,
    Yes,
    /// The browser did not let us; here it is, to be copied by hand.
    ByHand(String),
}

/// Copies what `text` gives when it is pressed. It comes with the script, for without it it would do nothing.
#[component]
pub fn CopyButton(
    /// What the button says.
    label: &'static str,
    /// What is copied.
    text: Callback<(), String>,
) -> impl IntoView {
    let copied = RwSignal::new(Copied::No);
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let copy = move |_| {
        let text = text.run(());
        let clipboard = window().navigator().clipboard();
        // Only there on https and on this machine's own address.
        if clipboard.is_undefined() {
            copied.set(Copied::ByHand(text));
            return;
        }
        let written = clipboard.write_text(&text);
        spawn_local(async move {
            let outcome = if JsFuture::from(written).await.is_ok() { Copied::Yes } else { Copied::ByHand(text) };
            // The page may have been left meanwhile.
            let _left = copied.try_set(outcome);
        });
    };
    view! {
        <Show when=move || alive.get()>
            <span class="copy">
                <button class="button" type="button" on:click=copy>
                    {label}
                </button>
                <span class="copy-note" role="status">
                    {move || match copied.get() {
                        Copied::No => None,
                        Copied::Yes => Some(view! { "Copied" }.into_any()),
                        Copied::ByHand(text) => Some(view! { <input class="by-hand" readonly=true aria-label="Copy this by hand" value=text /> }.into_any()),
                    }}
                </span>
            </span>
        </Show>
    }
}
