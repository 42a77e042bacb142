//! What was chosen last, remembered by the browser.

use leptos::prelude::*;
use web_sys::Storage;

use super::form::StartForm;

/// Under this name the browser keeps it.
const KEY: &str = "traffic-simulator.choices";

/// A browser may refuse its storage; then nothing is remembered.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What was remembered, unchecked: anybody with the browser's tools may have changed it.
pub(super) fn recall() -> Option<StartForm> {
    let json = storage()?.get_item(KEY).ok()??;
    serde_json::from_str(&json).ok()
}

/// Remembers these choices.
pub(super) fn remember(form: &StartForm) {
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(form)) {
        // A full storage forgets.
        let _full = storage.set_item(KEY, &json);
    }
}
