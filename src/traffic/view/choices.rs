//! What the lists of the form offer: the value in the form, and the label.

use crate::traffic::engine::mix::Endpoint;
use crate::traffic::model::{DURATIONS, Endpoints, MAX_DURATION, MIN_DURATION, RATES};
use crate::ui::format::duration;

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
