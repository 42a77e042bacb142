//! Finds elements of the page. For the browser only.

use web_sys::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, NodeList};

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

/// Gives the focus to the first element below `root` that matches. A hidden element can't take it.
pub fn focus(root: &Element, selector: &str) {
    if let Some(element) = find::<HtmlElement>(root, selector) {
        element.focus().ok();
    }
}
