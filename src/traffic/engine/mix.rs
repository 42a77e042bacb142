//! The mix: what each slot sends. It is a pure function of the settings, the seed and the slot's number, so that the
//! same settings and seed give the same sequence of method, path and body.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::random::Random;
use super::scenario::Scenario;
use crate::wire_name::wire_name;

/// One of the four operations of the users API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// `GET /api/v1/users`
    List,
    /// `POST /api/v1/users`
    Create,
    /// `GET /api/v1/users/{id}`
    Get,
    /// `PATCH /api/v1/users/{id}`
    Update,
}

impl Endpoint {
    /// All operations, in the order of the rotation.
    pub const ALL: [Self; 4] = [Self::List, Self::Create, Self::Get, Self::Update];

    /// The name on the wire.
    pub fn wire_name(self) -> &'static str {
        wire_name(&self)
    }

    /// The name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::List => "List users",
            Self::Create => "Create users",
            Self::Get => "Get users",
            Self::Update => "Update users",
        }
    }
}

/// What a request calls: one of the four operations, or the error endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// `GET /api/v1/users`
    List,
    /// `POST /api/v1/users`
    Create,
    /// `GET /api/v1/users/{id}`
    Get,
    /// `PATCH /api/v1/users/{id}`
    Update,
    /// `GET /api/v1/users/error?errorRate=0.5`
    Error,
}

impl Call {
    /// All calls.
    pub const ALL: [Self; 5] = [Self::List, Self::Create, Self::Get, Self::Update, Self::Error];

    /// The call with this [route template](Self::route). `None` for any other route.
    pub fn of_route(route: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.route() == route)
    }

    /// Does it fail because it is asked to?
    pub fn fails_on_purpose(self) -> bool {
        self == Self::Error
    }

    /// The route template, by which the metrics and the ledger name the call.
    pub fn route(self) -> &'static str {
        match self {
            Self::List => "GET /users",
            Self::Create => "POST /users",
            Self::Get => "GET /users/{id}",
            Self::Update => "PATCH /users/{id}",
            Self::Error => "GET /users/error",
        }
    }

    /// The name on the page: method and path, as in the request log.
    pub fn title(self) -> &'static str {
        match self {
            Self::List => "GET /api/v1/users",
            Self::Create => "POST /api/v1/users",
            Self::Get => "GET /api/v1/users/{id}",
            Self::Update => "PATCH /api/v1/users/{id}",
            Self::Error => "GET /api/v1/users/error",
        }
    }
}

impl From<Endpoint> for Call {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::List => Self::List,
            Endpoint::Create => Self::Create,
            Endpoint::Get => Self::Get,
            Endpoint::Update => Self::Update,
        }
    }
}

/// What one slot of the plan sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRequest {
    /// What it calls.
    pub call: Call,
    /// `GET`, `POST` or `PATCH`.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The body in JSON, for `POST` and `PATCH`.
    pub body: Option<String>,
}

/// Decides what each slot sends.
#[derive(Clone, Debug)]
pub struct Mix {
    with_errors: bool,
    endpoints: Vec<Endpoint>,
    seed: u32,
    demo_users: Vec<Uuid>,
}

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Alan",
    "Barbara",
    "Claude",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "John",
    "Katherine",
    "Linus",
    "Margaret",
    "Niklaus",
    "Radia",
    "Tim",
];
const LAST_NAMES: [&str; 16] = [
    "Lovelace", "Turing", "Liskov", "Shannon", "Knuth", "Dijkstra", "Allen", "Hopper", "Lamarr", "Backus", "Johnson",
    "Torvalds", "Hamilton", "Wirth", "Perlman", "Lee",
];

impl Mix {
    /// A mix in which the `endpoints` rotate in the given order, and `get` and `update` address the `demo_users` only.
    /// Neither list may be empty.
    pub fn new(scenario: Scenario, endpoints: Vec<Endpoint>, seed: u32, demo_users: Vec<Uuid>) -> Self {
        Self { with_errors: scenario == Scenario::ErrorInjection, endpoints, seed, demo_users }
    }

    /// What slot `k` calls. In Error Injection three of any ten slots in a row call the error endpoint, and the
    /// rotation over the endpoints advances on the other slots only.
    pub fn call(&self, k: u32) -> Call {
        let k = u64::from(k);
        // Evenly spread, as in Bresenham's line algorithm: an error wherever ⌊3k/10⌋ steps up.
        let errors_before = if self.with_errors { 3 * k / 10 } else { 0 };
        if self.with_errors && 3 * (k + 1) / 10 > errors_before {
            return Call::Error;
        }
        self.endpoints[((k - errors_before) % self.endpoints.len() as u64) as usize].into()
    }

    /// The whole request of slot `k`.
    pub fn request(&self, k: u32) -> PlannedRequest {
        let call = self.call(k);
        // Stream 0 of the seed belongs to the pauses of the plan.
        let mut random = Random::new(self.seed, u64::from(k) + 1);
        let demo_user = self.demo_users[random.below(self.demo_users.len())];
        let first = FIRST_NAMES[random.below(16)];
        let last = LAST_NAMES[random.below(16)];
        let (method, path, body) = match call {
            Call::List => ("GET", format!("/api/v1/users?page={}&perPage=20", 1 + random.below(3)), None),
            Call::Create => {
                let email =
                    format!("{}.{}.{:08x}.{k}@example.com", first.to_lowercase(), last.to_lowercase(), self.seed);
                ("POST", "/api/v1/users".to_owned(), Some(format!(r#"{{"name":"{first} {last}","email":"{email}"}}"#)))
            }
            Call::Get => ("GET", format!("/api/v1/users/{demo_user}"), None),
            Call::Update => {
                ("PATCH", format!("/api/v1/users/{demo_user}"), Some(format!(r#"{{"name":"{first} {last}"}}"#)))
            }
            Call::Error => ("GET", "/api/v1/users/error?errorRate=0.5".to_owned(), None),
        };
        PlannedRequest { call, method, path, body }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mix(scenario: Scenario, endpoints: &[Endpoint]) -> Mix {
        Mix::new(scenario, endpoints.to_vec(), 42, (0..50).map(Uuid::from_u128).collect())
    }

    #[test]
    fn all_endpoints_rotate() {
        let mix = mix(Scenario::Normal, &Endpoint::ALL);
        let calls: Vec<Call> = (0..5).map(|k| mix.call(k)).collect();
        assert_eq!(calls, [Call::List, Call::Create, Call::Get, Call::Update, Call::List]);
    }

    #[test]
    fn errors_are_three_of_ten_and_the_rotation_advances_on_the_others() {
        let mix = mix(Scenario::ErrorInjection, &Endpoint::ALL);
        let calls: Vec<Call> = (0..12).map(|k| mix.call(k)).collect();
        use Call::{Create, Error, Get, List, Update};
        assert_eq!(calls, [List, Create, Get, Error, Update, List, Error, Create, Get, Error, Update, List]);
    }

    #[test]
    fn a_created_user_has_a_name_of_its_own_and_json_that_parses() {
        let mix = mix(Scenario::Normal, &[Endpoint::Create]);
        let body: serde_json::Value =
            serde_json::from_str(&mix.request(7).body.expect("a POST has a body")).expect("valid JSON");
        let email = body["email"].as_str().expect("an e-mail");
        assert!(email.ends_with(".0000002a.7@example.com"), "{email}");
    }

    #[test]
    fn get_and_update_address_demo_users_only() {
        let mix = mix(Scenario::Normal, &[Endpoint::Get, Endpoint::Update]);
        for k in 0..200 {
            let path = mix.request(k).path;
            let id = path.strip_prefix("/api/v1/users/").expect("a path with an id");
            assert!(Uuid::try_parse(id).expect("a UUID").as_u128() < 50, "{id}");
        }
    }

    proptest! {
        #[test]
        fn the_same_seed_gives_the_same_sequence_byte_for_byte(seed in any::<u32>(), k in 0_u32..12_000) {
            let demo_users: Vec<Uuid> = (0..50).map(Uuid::from_u128).collect();
            let one = Mix::new(Scenario::ErrorInjection, Endpoint::ALL.to_vec(), seed, demo_users);
            let other = one.clone();
            prop_assert_eq!(one.request(k), other.request(k));
        }

        #[test]
        fn of_n_slots_exactly_three_tenths_are_errors(n in 0_u32..2_000) {
            let mix = mix(Scenario::ErrorInjection, &Endpoint::ALL);
            let errors = (0..n).filter(|k| mix.call(*k) == Call::Error).count() as u32;
            prop_assert_eq!(errors, 3 * n / 10);
        }
    }
}
