//! Buttons that copy a text. One listener serves all of a page.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement};

use super::table::escaped;

/// In a text to be copied, this stands for the address of the server as the browser knows it.
pub const ORIGIN: &str = "{origin}";

/// A button as HTML. It comes with the script, for without it it would do nothing.
pub fn copy_html(label: &str, text: &str) -> String {
    format!(
        "<span class=\"copy\"><button class=\"button\" type=\"button\" data-copy=\"{}\" hidden>{}</button>\
         <span class=\"copy-note\" role=\"status\"></span></span>",
        escaped(text),
        escaped(label)
    )
}

/// Shows the buttons of the page and listens to them, as long as the page lives. Called in the browser only.
pub fn listen() {
    let Ok(buttons) = document().query_selector_all("[data-copy]") else { return };
    for place in 0..buttons.length() {
        let Some(button) = buttons.item(place).and_then(|button| button.dyn_into::<HtmlElement>().ok()) else {
            continue;
        };
        button.set_hidden(false);
        let listener = Closure::<dyn FnMut(Event)>::new(|event: Event| pressed(&event)).into_js_value();
        let _listening = button.add_event_listener_with_callback("click", listener.unchecked_ref());
    }
}

fn pressed(event: &Event) {
    let Some(button) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let origin = window().location().origin().unwrap_or_default();
    let text = button.get_attribute("data-copy").unwrap_or_default().replace(ORIGIN, &origin);
    let clipboard = window().navigator().clipboard();
    // Only there on https and on this machine's own address.
    if clipboard.is_undefined() {
        by_hand(&button, &text);
        return;
    }
    let written = clipboard.write_text(&text);
    spawn_local(async move {
        match JsFuture::from(written).await {
            Ok(_) => note(&button, "Copied"),
            Err(_) => by_hand(&button, &text),
        }
    });
}

/// The browser did not let us; here it is.
fn by_hand(button: &Element, text: &str) {
    note(
        button,
        &format!("<input class=\"by-hand\" readonly aria-label=\"Copy this by hand\" value=\"{}\">", escaped(text)),
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
    fn what_is_copied_ends_no_quotes() {
        let html = copy_html("Copy as curl", "curl {origin} -d '{\"a\":1}'");
        assert!(
            html.contains("data-copy=\"curl {origin} -d '{&quot;a&quot;:1}'\" hidden>Copy as curl</button>"),
            "{html}"
        );
    }
}
