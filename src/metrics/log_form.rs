//! The filter of the request log as a form or a link gives it.

use serde::{Deserialize, Serialize};

use crate::validation::{Fields, fields_of_texts};

/// The unchecked fields of a [`super::log_model::LogQuery`]; [`super::validation::log`] checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogForm {
    /// How far back.
    pub range: Option<String>,
    /// Whose requests.
    pub origin: Option<String>,
    /// Only these answers.
    pub status: Option<String>,
    /// Only this endpoint.
    pub endpoint: Option<String>,
    /// The newest or the slowest first.
    pub order: Option<String>,
    /// Which page.
    pub page: Option<String>,
}

impl LogForm {
    /// The fields that were given.
    pub fn fields(self) -> Fields {
        fields_of_texts([
            ("range", self.range),
            ("origin", self.origin),
            ("status", self.status),
            ("endpoint", self.endpoint),
            ("order", self.order),
            ("page", self.page),
        ])
    }
}
