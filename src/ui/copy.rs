//! Buttons that copy a text to the clipboard.

use std::time::Duration;

use leptos::html::{Button, Input};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::KeyboardEvent;

/// A placeholder in texts to copy: the browser replaces it with the server's address as it knows it.
pub const ORIGIN: &str = "{origin}";

/// How a copy went.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Copying {
    /// Nothing was copied lately.
    Ready,
    /// The text is in the clipboard.
    Copied,
    /// The browser gives no access to the clipboard, so this text is shown.
    ByHand(String),
}

/// How long a button says that it has copied.
const COPIED_FOR: Duration = Duration::from_secs(2);

/// A button that copies a text. It is invisible until the script lives, and keeps its size and place in all states.
#[component]
pub fn CopyButton(
    /// The label of the button.
    label: &'static str,
    /// The text to copy, in which [`ORIGIN`] stands for the server's address.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let copying = RwSignal::new(Copying::Ready);
    let button = NodeRef::<Button>::new();
    let copied = move || *copying.read() == Copying::Copied;
    let on_click = move |_| {
        let origin = window().location().origin().unwrap_or_default();
        start(text.get_untracked().replace(ORIGIN, &origin), copying);
    };
    let by_hand = move || match copying.get() {
        Copying::ByHand(text) => Some(view! { <ByHand text copying button /> }),
        Copying::Ready | Copying::Copied => None,
    };
    view! {
        <span class="copy" data-alive=move || alive.get().to_string()>
            <button
                class="button"
                type="button"
                data-copied=move || copied().to_string()
                node_ref=button
                on:click=on_click
            >
                <span class="copy-label">{label}</span>
                <span class="copy-done" aria-hidden="true">
                    "Copied"
                </span>
            </button>
            <span class="visually-hidden" role="status">
                {move || copied().then_some("Copied")}
            </span>
            {by_hand}
        </span>
    }
    .into_any()
}

/// The text in a field, selected, for a user to copy. It goes when the focus leaves it; Escape leads back to the button.
#[component]
fn ByHand(text: String, copying: RwSignal<Copying>, button: NodeRef<Button>) -> impl IntoView {
    let field = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // Neither fails for an element of the page.
            field.focus().ok();
            field.select();
        }
    });
    let on_key = move |event: KeyboardEvent| {
        if let Some(button) = button.get_untracked().filter(|_| event.key() == "Escape") {
            button.focus().ok();
        }
    };
    view! {
        <input
            class="by-hand"
            readonly
            aria-label="Copy this text"
            value=text
            node_ref=field
            on:keydown=on_key
            on:blur=move |_| copying.set(Copying::Ready)
        />
    }
}

/// Copies a text, and says in `copying` how that went.
fn start(text: String, copying: RwSignal<Copying>) {
    let clipboard = window().navigator().clipboard();
    // Browsers offer the clipboard on https and on loopback addresses only.
    if clipboard.is_undefined() {
        copying.set(Copying::ByHand(text));
        return;
    }
    let written = clipboard.write_text(&text);
    spawn_local(async move {
        let copied = JsFuture::from(written).await.is_ok();
        // The button may be gone by now, and its signal with it.
        let _ = copying.try_set(if copied { Copying::Copied } else { Copying::ByHand(text) });
        if copied {
            set_timeout(move || drop(copying.try_set(Copying::Ready)), COPIED_FOR);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_button_has_both_of_its_labels_from_the_start() {
        let owner = Owner::new();
        let text = || Signal::stored("curl {origin}".to_owned());
        let html =
            owner.with(|| view! { <CopyButton label="Copy as curl" text=text() /> }.to_html()).replace("<!>", "");
        for part in [
            "data-alive=\"false\"",
            ">Copy as curl</span>",
            ">Copied</span>",
            "data-copied=\"false\"",
            "role=\"status\"",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("<input"), "{html}");
    }
}
