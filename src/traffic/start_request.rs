//! The request to start a run, as a JSON body or as the form on the page, and the one check that makes [`Settings`] of
//! either.

use serde::{Deserialize, Serialize};

use super::engine::mix::Endpoint;
use super::engine::scenario::{Delay, Scenario};
use super::model::{Endpoints, MAX_DURATION, MIN_DURATION, Settings};
use crate::query::link;
use crate::validation::{Checker, FieldError, Fields, Invalid, Value, fields_of_texts, read_numbers};

/// The body of a start, as the API's documentation shows it. A body is checked field by field by
/// [`StartRequest::check`], so that all faults are reported at once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartRequest {
    /// What load the run makes.
    pub scenario: Scenario,
    /// The duration in seconds.
    #[schema(minimum = 5, maximum = 600, example = 10)]
    pub duration: u32,
    /// The highest rate, in requests per second.
    #[schema(minimum = 1, maximum = 20, example = 10)]
    pub max_rps: u32,
    /// The operations in rotation.
    pub endpoints: Endpoints,
    /// Decides everything random in the run; drawn when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 4_294_967_295_i64, nullable = false, format = Int64)]
    pub seed: Option<u32>,
    /// Where Latency Degradation waits; for that scenario only.
    #[serde(default)]
    #[schema(nullable = false)]
    pub delay: Option<Delay>,
}

impl StartRequest {
    /// Checks the fields of a start. `cap` is the cap of this process in requests per second; `new_seed` is called if
    /// no seed is given.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn check(fields: &Fields, cap: u32, new_seed: impl FnOnce() -> u32) -> Result<Settings, Invalid> {
        let mut check = Checker::new(fields, &["scenario", "duration", "maxRps", "endpoints", "seed", "delay"]);
        let scenario = check
            .required("scenario", "the name of a scenario")
            .and_then(|value| check.variant("scenario", value, &Scenario::ALL));
        let duration = check
            .required("duration", "the duration in seconds")
            .and_then(|value| check.integer("duration", value, MIN_DURATION.into(), MAX_DURATION.into()));
        let max_rps = check
            .required("maxRps", "the highest rate per second")
            .and_then(|value| check.integer("maxRps", value, 1, cap.into()));
        let endpoints = endpoints(&mut check);
        let seed = match check.optional("seed") {
            None => Some(new_seed()),
            Some(value) => check.integer("seed", value, 0, u32::MAX.into()),
        };
        let delay = delay(&mut check, scenario);
        let settings = || {
            Some(Settings {
                scenario: scenario?,
                duration: duration?,
                max_rps: max_rps?,
                endpoints: endpoints?,
                seed: seed?,
                delay: delay?,
            })
        };
        check.finish(settings())
    }
}

fn endpoints(check: &mut Checker<'_>) -> Option<Endpoints> {
    let choices = "\"all\" or a list of list, create, get, update";
    match check.required("endpoints", choices)? {
        Value::Text(text) if text == "all" => Some(Endpoints::all()),
        Value::Text(_) => check.out_of_range("endpoints", format!("is unknown; give {choices}")),
        Value::List(list) => {
            let faults = check.faults();
            let chosen: Vec<Endpoint> =
                list.iter().filter_map(|value| check.variant("endpoints", value, &Endpoint::ALL)).collect();
            if check.faults() > faults {
                return None;
            }
            match Endpoints::some(&chosen) {
                None => check.out_of_range("endpoints", format!("is empty; give {choices}")),
                endpoints => endpoints,
            }
        }
        _ => check.malformed("endpoints", format!("is neither; give {choices}")),
    }
}

fn delay(check: &mut Checker<'_>, scenario: Option<Scenario>) -> Option<Delay> {
    let delay = match check.optional("delay") {
        None => Delay::Client,
        Some(value) => check.variant("delay", value, &Delay::ALL)?,
    };
    if delay == Delay::Server && scenario.is_some_and(|scenario| scenario != Scenario::LatencyDegradation) {
        return check.out_of_range("delay", "is for latency-degradation only; leave it out, or choose that scenario");
    }
    Some(delay)
}

/// The form of a start. All fields are texts, and all may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StartForm {
    /// The wire name of a scenario.
    pub scenario: Option<String>,
    /// The duration in seconds.
    pub duration: Option<String>,
    /// The highest rate, in requests per second.
    pub max_rps: Option<String>,
    /// `all`, or the wire names of operations with commas between them.
    pub endpoints: Option<String>,
    /// The wire name of the place where Latency Degradation waits.
    pub delay: Option<String>,
    /// The seed of the page, for which it shows the plan.
    pub seed: Option<String>,
    /// `true` when "I understand this generates load" is ticked.
    pub acknowledged: Option<String>,
}

impl StartForm {
    /// Is "I understand this generates load" ticked?
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged.as_deref() == Some("true")
    }

    /// Checks the form as a start: like the body of a request, but it has to be acknowledged, too.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn check(&self, cap: u32, new_seed: impl FnOnce() -> u32) -> Result<Settings, Invalid> {
        let settings = self.settings(cap, new_seed);
        if self.is_acknowledged() {
            return settings;
        }
        let mut invalid = settings.err().unwrap_or_default();
        let not_acknowledged = FieldError {
            field: "acknowledged".to_owned(),
            detail: "is not ticked; tick \"I understand this generates load\" first".to_owned(),
        };
        invalid.errors.insert(0, not_acknowledged);
        Err(invalid)
    }

    /// The settings that the form shows, whether it is acknowledged or not.
    ///
    /// # Errors
    /// [`Invalid`] with every fault.
    pub fn settings(&self, cap: u32, new_seed: impl FnOnce() -> u32) -> Result<Settings, Invalid> {
        let waits = self.scenario.as_deref() == Some(Scenario::LatencyDegradation.wire_name());
        // The form always carries a choice of where to wait, also for the scenarios that don't wait.
        let is_checked = |name: &str| name != "acknowledged" && (name != "delay" || waits);
        let texts = self.pairs().into_iter().filter(|(name, _)| is_checked(name));
        let mut fields = fields_of_texts(texts.map(|(name, text)| (name, text.clone())));
        read_numbers(&mut fields, &["duration", "maxRps", "seed"]);
        if let Some(Value::Text(text)) = fields.get("endpoints").filter(|value| **value != Value::Text("all".into())) {
            let list = text.split(',').map(|name| Value::Text(name.to_owned())).collect();
            fields.insert("endpoints".to_owned(), Value::List(list));
        }
        StartRequest::check(&fields, cap, new_seed)
    }

    /// Reads each field by its name.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            scenario: get("scenario"),
            duration: get("duration"),
            max_rps: get("maxRps"),
            endpoints: get("endpoints"),
            delay: get("delay"),
            seed: get("seed"),
            acknowledged: get("acknowledged"),
        }
    }

    /// Each field with its name.
    pub(super) fn pairs(&self) -> [(&'static str, &Option<String>); 7] {
        [
            ("scenario", &self.scenario),
            ("duration", &self.duration),
            ("maxRps", &self.max_rps),
            ("endpoints", &self.endpoints),
            ("delay", &self.delay),
            ("seed", &self.seed),
            ("acknowledged", &self.acknowledged),
        ]
    }

    /// The address of the dashboard with this form in it, so that a refused form comes back with its input. `why`
    /// names the reason.
    pub fn refused(&self, why: &str) -> String {
        self.link("refused", why)
    }

    /// The form that makes a run with these settings, not acknowledged and without a seed, so that the run gets one of its
    /// own: with the same seed it would create the same users.
    pub fn of(settings: &Settings) -> Self {
        let names: Vec<&str> = settings.endpoints.list().iter().map(|endpoint| endpoint.wire_name()).collect();
        Self {
            scenario: Some(settings.scenario.wire_name().to_owned()),
            duration: Some(settings.duration.to_string()),
            max_rps: Some(settings.max_rps.to_string()),
            endpoints: Some(if settings.endpoints.is_all() { "all".to_owned() } else { names.join(",") }),
            delay: (settings.delay == Delay::Server).then(|| settings.delay.wire_name().to_owned()),
            seed: None,
            acknowledged: None,
        }
    }

    /// The address of the dashboard with the form filled in as a run was started, to run it again.
    pub fn again(settings: &Settings) -> String {
        Self::of(settings).link("again", "true")
    }

    fn link(&self, why: &str, word: &str) -> String {
        let given = self.pairs().into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        // No valid value is longer than that, and the length of an address is limited.
        let fields = given.map(|(name, text)| (name, text.chars().take(60).collect()));
        let pairs: Vec<_> = std::iter::once((why, word.to_owned())).chain(fields).collect();
        link("/", &pairs)
    }

    /// The form in the query of `/`: a refused one, or one to run again. `None` if the query carries no form.
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        get("refused").or_else(|| get("again"))?;
        Some(Self::read(get))
    }
}

#[cfg(test)]
mod tests;
