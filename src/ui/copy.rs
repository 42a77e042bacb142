//! Buttons that copy a text to the clipboard.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement};

use super::dom::elements;
use super::table::escaped;

/// A placeholder in texts to copy: the browser replaces it with the server's address as it knows it.
pub const ORIGIN: &str = "{origin}";

/// A copy button as HTML. It is hidden until the script runs, because it does nothing without it.
pub fn copy_html(label: &str, text: &str) -> String {
    format!(
        "<span class=\"copy\"><button class=\"button\" type=\"button\" data-copy=\"{}\" hidden>{}</button>\
         <span class=\"copy-note\" role=\"status\"></span></span>",
        escaped(text),
        escaped(label)
    )
}

/// Shows all copy buttons of the page and handles their clicks, as long as the page lives. Called in the browser only.
pub fn listen() {
    for button in elements::<HtmlElement>(document().query_selector_all("[data-copy]")) {
        button.set_hidden(false);
        let listener = Closure::<dyn FnMut(Event)>::new(|event: Event| copy(&event)).into_js_value();
        // Adding a listener to an element that exists does not fail.
        button.add_event_listener_with_callback("click", listener.unchecked_ref()).ok();
    }
}

fn copy(event: &Event) {
    let Some(button) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let origin = window().location().origin().unwrap_or_default();
    let text = button.get_attribute("data-copy").unwrap_or_default().replace(ORIGIN, &origin);
    let clipboard = window().navigator().clipboard();
    // Browsers offer the clipboard on https and on loopback addresses only.
    if clipboard.is_undefined() {
        show_text(&button, &text);
        return;
    }
    let written = clipboard.write_text(&text);
    spawn_local(async move {
        match JsFuture::from(written).await {
            Ok(_) => note(&button, "Copied"),
            Err(_) => show_text(&button, &text),
        }
    });
}

/// Shows the text for the user to copy, when the browser refuses access to the clipboard.
fn show_text(button: &Element, text: &str) {
    note(
        button,
        &format!("<input class=\"by-hand\" readonly aria-label=\"Copy this text\" value=\"{}\">", escaped(text)),
    );
}

fn note(button: &Element, html: &str) {
    if let Some(note) = button.next_element_sibling() {
        note.set_inner_html(html);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_a_copied_text_are_escaped() {
        let html = copy_html("Copy as curl", "curl {origin} -d '{\"a\":1}'");
        assert!(
            html.contains("data-copy=\"curl {origin} -d '{&quot;a&quot;:1}'\" hidden>Copy as curl</button>"),
            "{html}"
        );
    }
}
