//! Finds elements of the page. For the browser only.

use leptos::prelude::document;
use web_sys::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, MouseEvent, NodeList};

/// The first element below `root` that matches.
pub fn find<T: JsCast>(root: &Element, selector: &str) -> Option<T> {
    root.query_selector(selector).ok()??.dyn_into().ok()
}

/// The elements of the list that `query_selector_all` returned.
pub fn elements<T: JsCast>(found: Result<NodeList, JsValue>) -> Vec<T> {
    let Ok(found) = found else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// The element in which an event happened.
pub fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Whether a click means what it says: with another button or a key it opens a link elsewhere.
pub fn is_plain_click(event: &MouseEvent) -> bool {
    let has_modifier = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    event.button() == 0 && !has_modifier
}

/// Gives the focus to the first element below `root` that matches. A hidden element can't take it.
pub fn focus(root: &Element, selector: &str) {
    if let Some(element) = find::<HtmlElement>(root, selector) {
        element.focus().ok();
    }
}

/// Puts the focus on the element with this id, if it is there. Called in the browser only.
pub fn focus_id(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // It can't take the focus if it is hidden.
        element.focus().ok();
    }
}
