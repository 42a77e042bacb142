//! A closed run as a file: JSON, CSV, or a report for people.

use std::fmt::{self, Write as _};

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::report;
use super::state::{Traffic, no_such_run, run_id};
use crate::error::Problem;
use crate::origin::RunId;
use crate::platform::extract::QueryFields;
use crate::platform::problem::ApiError;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::model::RunExport;
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

fn export_format(fields: &Fields) -> Result<ExportFormat, Invalid> {
    let mut check = Checker::new(fields, &["format"]);
    let format = check
        .required("format", "one of json, csv, html")
        .and_then(|value| check.variant("format", value, &[ExportFormat::Json, ExportFormat::Csv, ExportFormat::Html]));
    check.finish(format)
}

/// Exports a closed run as a file, with each of its requests.
#[utoipa::path(get, path = "/runs/{jobId}/export", tag = "History", operation_id = "exportRun",
    params(("jobId" = RunId, Path, description = "The run"), ("format" = inline(ExportFormat), Query, description = "JSON, one row per request, or a report for people")),
    responses(
        (status = 200, description = "The file", content((RunExport = "application/json"), (String = "text/csv"), (String = "text/html"))),
        (status = 404, description = "There is no such run", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The run is not closed yet", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "There is no such format", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn export(
    State(traffic): State<Traffic>,
    Path(id): Path<String>,
    QueryFields(fields): QueryFields,
) -> Result<Response, ApiError> {
    let id = run_id(&id)?;
    let format = export_format(&fields)?;
    let run = traffic.runs.run(id).await?.ok_or_else(no_such_run)?;
    if !run.closed {
        let detail = "This run is not closed yet, so its numbers still change. Stop it, or wait until it is closed.";
        return Err(ApiError::new(StatusCode::CONFLICT, detail).conflicting_with(id).retry_after(1));
    }
    let (kind, extension, text) = match format {
        ExportFormat::Json => {
            let requests = traffic.runs.exchanges(id).await?;
            let text = serde_json::to_string(&RunExport { run, requests }).map_err(ApiError::internal)?;
            ("application/json", "json", text)
        }
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv", csv(&traffic.runs.exchanges(id).await?)),
        ExportFormat::Html => {
            let findings = traffic.runs.findings(&run).await?;
            ("text/html; charset=utf-8", "html", report::html(run, findings))
        }
    };
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Even where a browser shows the file instead of saving it, it must not act as a page of this origin.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"),
    );
    let disposition = format!("attachment; filename=\"run-{id}.{extension}\"");
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(ApiError::internal)?);
    Ok(response)
}

const COLUMNS: &str = "seq,call,outcome,status,request_id,sent_at_ms,wanted_ms,due_ms,sent_ms,arrived_ms,answered_ms,\
    received_ms,scheduling_delay_ms,service_time_ms,response_time_ms,server_time_ms,elsewhere_ms";

/// A value of a CSV row; empty when it is not known.
struct CsvValue<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for CsvValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |value| value.fmt(f))
    }
}

/// The requests as CSV (RFC 4180) with a header. Every value is a number, an id or a word of ours, so none needs quotes.
pub fn csv(exchanges: &[Exchange]) -> String {
    let mut text = format!("{COLUMNS}\r\n");
    for exchange in exchanges {
        let Exchange { seq, call, outcome, status, request_id, sent_at, wanted, due, sent, arrived, .. } = exchange;
        let Exchange {
            answered, received, scheduling_delay, service_time, response_time, server_time, elsewhere, ..
        } = exchange;
        let call = CsvValue(call.map(|call| call.route()));
        let outcome = CsvValue(outcome.as_ref());
        let status = CsvValue(*status);
        let request_id = CsvValue(*request_id);
        let sent_at = CsvValue(*sent_at);
        let numbers = [
            wanted,
            due,
            sent,
            arrived,
            answered,
            received,
            scheduling_delay,
            service_time,
            response_time,
            server_time,
            elsewhere,
        ];
        // Writing to a String does not fail.
        let _ = write!(text, "{seq},{call},{outcome},{status},{request_id},{sent_at}");
        for number in numbers {
            let _ = write!(text, ",{}", CsvValue(*number));
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::mix::Call;

    #[test]
    fn a_row_for_each_request_and_nothing_for_what_is_not_known() {
        let seen = Exchange {
            seq: 1,
            call: Some(Call::Get),
            outcome: Some("200".to_owned()),
            status: Some(200),
            sent_at: Some(1_700_000_000_000),
            wanted: Some(50.5),
            received: Some(54.25),
            ..Exchange::default()
        };
        let text = csv(&[Exchange::default(), seen]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines[1..],
            ["0,,,,,,,,,,,,,,,,", "1,GET /users/{id},200,200,,1700000000000,50.5,,,,,54.25,,,,,", ""]
        );
        assert!(lines.iter().take(3).all(|line| line.matches(',').count() == 16), "{text}");
    }
}
