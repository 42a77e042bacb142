//! The check of the query of an export.

use serde::Deserialize;

use crate::validation::{Checker, Fields, Invalid};

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// The run and each of its requests.
    Json,
    /// One row per request, with both of its sides.
    Csv,
    /// A report for people, in one file.
    Html,
}

/// Checks the query of an export.
///
/// # Errors
/// [`Invalid`] with every fault.
pub fn export_format(fields: &Fields) -> Result<ExportFormat, Invalid> {
    let mut check = Checker::new(fields, &["format"]);
    let format = check
        .required("format", "one of json, csv, html")
        .and_then(|value| check.variant("format", value, &[ExportFormat::Json, ExportFormat::Csv, ExportFormat::Html]));
    check.finish(format)
}
