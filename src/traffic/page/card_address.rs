//! What the address of the dashboard says about the card: whether a new run is being set up, so that a reload shows the
//! form and not the run that ended last.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsValue;

/// The parameter that asks for the form.
pub const NEW_RUN: &str = "new";
/// The parameters of a form that came back, and of a call that failed. They are of no use any more once the card has changed.
const OF_THE_FORM: [&str; 12] = [
    NEW_RUN,
    "again",
    "refused",
    "scenario",
    "duration",
    "maxRps",
    "endpoints",
    "delay",
    "seed",
    "acknowledged",
    "__err",
    "__path",
];

/// The address of the dashboard that asks for the form, or does not. `search` is the query of the current address; what it
/// says about other parts of the page stays.
fn address(search: &str, form: bool) -> String {
    let pairs = search.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
    let name = |pair: &str| pair.split_once('=').map_or(pair, |(name, _)| name).to_owned();
    let others = pairs.filter(|pair| !OF_THE_FORM.contains(&name(pair).as_str())).map(str::to_owned);
    let query: Vec<String> = others.chain(form.then(|| format!("{NEW_RUN}=1"))).collect();
    if query.is_empty() { "/".to_owned() } else { format!("/?{}", query.join("&")) }
}

/// Makes the address ask for the form, or not any more. Called in the browser only.
pub(super) fn show_in_address(form: bool) {
    let search = window().location().search().unwrap_or_default();
    if let Ok(history) = window().history() {
        // Without it a reload shows the run that ended last, from which "New run" leads to the form.
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address(&search, form))).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_keeps_what_it_says_about_others() {
        let rows = [
            ("", true, "/?new=1"),
            ("", false, "/"),
            ("?new=1", false, "/"),
            ("?new=1", true, "/?new=1"),
            ("?range=1h&origin=real", true, "/?range=1h&origin=real&new=1"),
            ("?refused=busy&scenario=peak&maxRps=5&acknowledged=true&range=1h", false, "/?range=1h"),
            ("?newest=1&new", false, "/?newest=1"),
        ];
        for (search, form, expected) in rows {
            assert_eq!(address(search, form), expected, "{search}");
        }
    }
}
