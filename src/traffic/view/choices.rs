//! The choices of the form, and the last ones made, which the browser remembers.

use leptos::prelude::*;
use web_sys::Storage;

use crate::traffic::engine::mix::Endpoint;
use crate::traffic::model::{DURATIONS, Endpoints, MAX_DURATION, MIN_DURATION, RATES};
use crate::traffic::start_request::StartForm;
use crate::ui::format::duration;

/// The key in the browser's local storage.
const KEY: &str = "traffic-simulator.choices";

/// The browser's storage, unless it refuses access.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The remembered choices, unchecked: anybody can change the browser's storage.
pub(crate) fn recall() -> Option<StartForm> {
    let json = storage()?.get_item(KEY).ok()??;
    serde_json::from_str(&json).ok()
}

/// Remembers these choices, unless the browser refuses storage or it is full.
pub(crate) fn remember(form: &StartForm) {
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(form)) {
        storage.set_item(KEY, &json).ok();
    }
}

/// Adds the value of a run that is set up again to the choices, if it is none of them.
fn with_own(mut choices: Vec<(String, String)>, own: &str, text: Option<String>) -> Vec<(String, String)> {
    if let Some(text) = text.filter(|_| choices.iter().all(|(value, _)| value != own)) {
        choices.push((own.to_owned(), text));
    }
    choices
}

pub(crate) fn durations(own: &str) -> Vec<(String, String)> {
    let text = own.parse().ok().filter(|seconds| (MIN_DURATION..=MAX_DURATION).contains(seconds)).map(duration);
    with_own(DURATIONS.map(|(seconds, text)| (seconds.to_string(), text.to_owned())).to_vec(), own, text)
}

pub(crate) fn rates(cap: u32, own: &str) -> Vec<(String, String)> {
    let below = RATES.into_iter().filter(|rate| *rate < cap);
    let choices = below.chain([cap]).map(|rate| (rate.to_string(), rate.to_string())).collect();
    let text = own.parse::<u32>().ok().filter(|rate| (1..=cap).contains(rate)).map(|rate| rate.to_string());
    with_own(choices, own, text)
}

pub(crate) fn endpoint_choices(own: &str) -> Vec<(String, String)> {
    let all = ("all".to_owned(), "All".to_owned());
    let one = Endpoint::ALL.map(|endpoint| (endpoint.wire_name().to_owned(), endpoint.title().to_owned()));
    let named = |name: &str| Endpoint::ALL.into_iter().find(|endpoint| endpoint.wire_name() == name);
    let several = own.split(',').map(named).collect::<Option<Vec<_>>>();
    let text = several.and_then(|list| Endpoints::some(&list)).map(|endpoints| endpoints.title());
    with_own(std::iter::once(all).chain(one).collect(), own, text)
}
