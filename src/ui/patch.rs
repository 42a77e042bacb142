//! HTML that is made anew as a whole, brought into the page without disturbing what somebody uses.
//!
//! A feature's HTML comes from a pure function. In it, what can change is inside of elements with
//! `data-part`; everything else (controls, opened details, places of scrolling) stays the element that it was.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{DocumentFragment, Element, HtmlElement, HtmlTemplateElement};

const PARTS: &str = "[data-part]";

/// Makes `root` look like `html`: the parts that differ are replaced; all of it, where it has other parts.
/// Parts do not stand in parts. Called in the browser only.
pub fn patch(root: &Element, html: &str) {
    let Some(fresh) = parsed(html) else { return };
    let (Ok(old), Ok(new)) = (root.query_selector_all(PARTS), fresh.query_selector_all(PARTS)) else { return };
    let element = |list: &web_sys::NodeList, place| list.item(place)?.dyn_into::<Element>().ok();
    let pairs: Vec<_> = (0..new.length()).filter_map(|place| element(&old, place).zip(element(&new, place))).collect();
    let same_parts = old.length() == new.length()
        && pairs.iter().all(|(old, new)| old.get_attribute("data-part") == new.get_attribute("data-part"));
    if !same_parts {
        root.set_inner_html(html);
        return;
    }
    for (old, new) in pairs.iter().filter(|(old, new)| !old.is_equal_node(Some(new))) {
        take_attributes(old, new);
        take_content(old, new);
    }
}

fn parsed(html: &str) -> Option<DocumentFragment> {
    let template = document().create_element("template").ok()?.dyn_into::<HtmlTemplateElement>().ok()?;
    template.set_inner_html(html);
    Some(template.content())
}

fn names(element: &Element) -> Vec<String> {
    element.get_attribute_names().iter().filter_map(|name| name.as_string()).collect()
}

/// An attribute that the parser let through can be set, and one that is there be removed.
fn take_attributes(old: &Element, new: &Element) {
    for name in names(old).into_iter().filter(|name| !new.has_attribute(name)) {
        let _removed = old.remove_attribute(&name);
    }
    for name in names(new) {
        let value = new.get_attribute(&name);
        if old.get_attribute(&name) != value {
            let _set = old.set_attribute(&name, &value.unwrap_or_default());
        }
    }
}

/// A link that had the focus keeps it, when it is still there.
fn take_content(old: &Element, new: &Element) {
    let focused = document().active_element().filter(|active| old.contains(Some(active)) && active != old);
    let href = focused.and_then(|active| active.get_attribute("href"));
    old.set_text_content(None);
    while let Some(child) = new.first_child() {
        if old.append_child(&child).is_err() {
            return;
        }
    }
    let Some(href) = href else { return };
    let Ok(links) = old.query_selector_all("a") else { return };
    let links = (0..links.length()).filter_map(|place| links.item(place)?.dyn_into::<HtmlElement>().ok());
    if let Some(link) = links.into_iter().find(|link| link.get_attribute("href").as_ref() == Some(&href)) {
        let _unfocusable = link.focus();
    }
}
