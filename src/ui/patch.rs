//! Brings newly rendered HTML into the page without disturbing what the user is doing.
//!
//! A feature renders its HTML with a pure function. What can change is inside elements with `data-part`; everything else
//! (controls, opened details, scroll positions) stays as it is.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{DocumentFragment, Element, HtmlElement, HtmlTemplateElement};

use super::dom::elements;

const PARTS: &str = "[data-part]";

/// Makes `root` look like `html`: replaces the parts that differ, or everything if `html` has other parts. Parts must not be
/// nested. Called in the browser only.
pub fn patch(root: &Element, html: &str) {
    let Some(fresh) = parse(html) else { return };
    let old = elements::<Element>(root.query_selector_all(PARTS));
    let new = elements::<Element>(fresh.query_selector_all(PARTS));
    let part_names = |parts: &[Element]| parts.iter().map(|part| part.get_attribute("data-part")).collect::<Vec<_>>();
    if part_names(&old) != part_names(&new) {
        root.set_inner_html(html);
        return;
    }
    for (old, new) in old.iter().zip(&new).filter(|(old, new)| !old.is_equal_node(Some(new))) {
        replace_attributes(old, new);
        replace_content(old, new);
    }
}

fn parse(html: &str) -> Option<DocumentFragment> {
    let template = document().create_element("template").ok()?.dyn_into::<HtmlTemplateElement>().ok()?;
    template.set_inner_html(html);
    Some(template.content())
}

fn names(element: &Element) -> Vec<String> {
    element.get_attribute_names().iter().filter_map(|name| name.as_string()).collect()
}

/// Gives `old` the attributes of `new`. Neither call can fail: the names come from the parser.
fn replace_attributes(old: &Element, new: &Element) {
    for name in names(old).into_iter().filter(|name| !new.has_attribute(name)) {
        old.remove_attribute(&name).ok();
    }
    for name in names(new) {
        let value = new.get_attribute(&name);
        if old.get_attribute(&name) != value {
            old.set_attribute(&name, &value.unwrap_or_default()).ok();
        }
    }
}

/// Moves the children of `new` into `old`. A focused link keeps the focus if it is still there.
fn replace_content(old: &Element, new: &Element) {
    let focused = document().active_element().filter(|active| old.contains(Some(active)) && active != old);
    let href = focused.and_then(|active| active.get_attribute("href"));
    old.set_text_content(None);
    while let Some(child) = new.first_child() {
        if old.append_child(&child).is_err() {
            return;
        }
    }
    let Some(href) = href else { return };
    let links = elements::<HtmlElement>(old.query_selector_all("a"));
    if let Some(link) = links.iter().find(|link| link.get_attribute("href").as_ref() == Some(&href)) {
        // It can't take the focus if it is hidden now.
        link.focus().ok();
    }
}
