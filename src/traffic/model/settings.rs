//! The settings of a run, their limits, and the choices that the form offers for them.

use serde::{Deserialize, Serialize};

use crate::traffic::engine::CAP;
use crate::traffic::engine::mix::Endpoint;
use crate::traffic::engine::scenario::{Delay, Scenario, Shape};

/// The shortest run, in seconds.
pub const MIN_DURATION: u32 = 5;
/// The longest run, in seconds.
pub const MAX_DURATION: u32 = 600;

/// The choices of the form for the duration, in seconds, with their names.
pub const DURATIONS: [(u32, &str); 5] =
    [(30, "30 seconds"), (60, "1 minute"), (120, "2 minutes"), (300, "5 minutes"), (600, "10 minutes")];
/// The preselected duration of the form, in seconds.
pub const DEFAULT_DURATION: u32 = 120;
/// The choices of the form for Max RPS; those above the cap of the process are left out.
pub const RATES: [u32; 6] = [1, 2, 5, 10, 15, 20];

/// The chosen operations of the users API: `"all"` or a list on the wire, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// All four operations.
    pub fn all() -> Self {
        Self(Endpoint::ALL.to_vec())
    }

    /// The chosen operations, put in the order of the rotation and without repetition. `None` if nothing is chosen.
    pub fn some(chosen: &[Endpoint]) -> Option<Self> {
        let chosen: Vec<Endpoint> = Endpoint::ALL.into_iter().filter(|endpoint| chosen.contains(endpoint)).collect();
        (!chosen.is_empty()).then_some(Self(chosen))
    }

    /// The operations, in the order of the rotation.
    pub fn list(&self) -> &[Endpoint] {
        &self.0
    }

    /// Are these all operations?
    pub fn is_all(&self) -> bool {
        self.0.len() == Endpoint::ALL.len()
    }

    /// "All", or the names on the page with commas between them.
    pub fn title(&self) -> String {
        if self.is_all() {
            return "All".to_owned();
        }
        self.0.iter().map(|endpoint| endpoint.title()).collect::<Vec<_>>().join(", ")
    }
}

/// [`Endpoints`] on the wire.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireEndpoints {
    Word(All),
    List(Vec<Endpoint>),
}

/// The text `"all"`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum All {
    All,
}

impl utoipa::PartialSchema for Endpoints {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
        let all = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["all"]));
        let some = ArrayBuilder::new().items(Endpoint::schema()).min_items(Some(1));
        OneOfBuilder::new().item(all).item(some).into()
    }
}

impl utoipa::ToSchema for Endpoints {}

impl Serialize for Endpoints {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = if self.is_all() { WireEndpoints::Word(All::All) } else { WireEndpoints::List(self.0.clone()) };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Endpoints {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let endpoints = match WireEndpoints::deserialize(deserializer)? {
            WireEndpoints::Word(All::All) => Some(Self::all()),
            WireEndpoints::List(list) => Self::some(&list),
        };
        endpoints.ok_or_else(|| serde::de::Error::custom("\"all\" or a non-empty list of endpoints"))
    }
}

/// What a run is started with, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// What load the run makes.
    pub scenario: Scenario,
    /// The duration in seconds.
    pub duration: u32,
    /// The rate that was asked for, in requests per second.
    pub max_rps: u32,
    /// The operations in rotation.
    pub endpoints: Endpoints,
    /// Decides everything random in the run.
    pub seed: u32,
    /// Where Latency Degradation waits.
    pub delay: Delay,
}

impl Settings {
    /// The shape of the run's load in a process with this cap.
    pub fn shape(&self, cap: u32) -> Shape {
        Shape::new(self.scenario, self.delay, self.duration, self.max_rps, cap.min(CAP), self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_all_or_a_list_on_the_wire() {
        let rows = [
            (Endpoints::all(), r#""all""#),
            (Endpoints::some(&[Endpoint::Get]).expect("one"), r#"["get"]"#),
            (
                Endpoints::some(&[Endpoint::Update, Endpoint::List, Endpoint::Update]).expect("two"),
                r#"["list","update"]"#,
            ),
        ];
        for (endpoints, json) in rows {
            assert_eq!(serde_json::to_string(&endpoints).expect("serializes"), json);
            assert_eq!(serde_json::from_str::<Endpoints>(json).expect("parses"), endpoints);
        }
        for wrong in [r#""some""#, "[]", r#"["delete"]"#, "3"] {
            assert!(serde_json::from_str::<Endpoints>(wrong).is_err(), "{wrong}");
        }
    }
}
