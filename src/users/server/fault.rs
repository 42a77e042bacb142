//! `GET /api/v1/users/error`: an endpoint that fails with a given probability.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::Problem;
use crate::platform::extract::QueryFields;
use crate::platform::problem::ApiError;
use crate::validation::{Checker, Fields, Invalid, Value, read_numbers};

const CODES: [StatusCode; 4] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

/// The response of a call that did not fail.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Fine {
    /// Always `ok`.
    status: &'static str,
}

fn error_rate(mut fields: Fields) -> Result<f64, Invalid> {
    read_numbers(&mut fields, &["errorRate"]);
    let mut check = Checker::new(&fields, &["errorRate"]);
    let rate = match check.optional("errorRate") {
        None => Some(0.5),
        Some(Value::Integer(0)) => Some(0.0),
        Some(Value::Integer(1)) => Some(1.0),
        // `rate < 0.0 || rate > 1.0` would accept NaN.
        Some(Value::Number(rate)) if (0.0..=1.0).contains(rate) => Some(*rate),
        Some(Value::Integer(_) | Value::Number(_)) => {
            check.out_of_range("errorRate", "is out of range; give a number from 0 to 1")
        }
        Some(_) => check.malformed("errorRate", "is not a number; give one from 0 to 1"),
    };
    check.finish(rate)
}

/// 500, 502, 503 or 504, equally likely, with probability `errorRate` (0.5 when not given); else 200.
///
/// # Errors
/// If the rate is not a number from 0 to 1, and if this call fails.
#[utoipa::path(get, path = "/api/v1/users/error", tag = "Users", operation_id = "failUsers",
    description = "500, 502, 503 or 504, equally likely, with the given probability; else 200.",
    params(("errorRate" = Option<f64>, Query, nullable = false, minimum = 0, maximum = 1, description = "The probability; 0.5 when left out")),
    responses(
        (status = 200, description = "This time it did not fail", body = Fine),
        (status = 422, description = "The rate is out of range", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "Asked for", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "Asked for", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn error(QueryFields(fields): QueryFields) -> Result<Response, ApiError> {
    let rate = error_rate(fields)?;
    // f64() is below 1, so a rate of 1 always fails and a rate of 0 never does.
    if fastrand::f64() < rate {
        let code = CODES[fastrand::usize(..CODES.len())];
        return Err(ApiError::new(code, "This error was asked for."));
    }
    Ok(Json(Fine { status: "ok" }).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Result<f64, Invalid> {
        error_rate(Fields::from([("errorRate".to_owned(), Value::Text(text.to_owned()))]))
    }

    #[test]
    fn only_numbers_from_0_to_1() {
        assert_eq!(error_rate(Fields::new()), Ok(0.5));
        for (text, expected) in [("0", 0.0), ("1", 1.0), ("0.25", 0.25), ("1e-3", 0.001)] {
            assert_eq!(rate(text), Ok(expected), "{text}");
        }
        for (text, malformed) in
            [("NaN", false), ("inf", false), ("-0.1", false), ("1.1", false), ("2", false), ("abc", true), ("", true)]
        {
            assert_eq!(rate(text).expect_err(text).malformed, malformed, "{text}");
        }
    }

    /// Shares of 10,000 calls, each within four standard deviations.
    #[tokio::test]
    async fn half_of_the_calls_fail_and_the_codes_are_equally_likely() {
        let n = 10_000.0_f64;
        let mut codes = std::collections::BTreeMap::<u16, f64>::new();
        for _ in 0..10_000 {
            let status = match error(QueryFields(Fields::new())).await {
                Ok(response) => response.status(),
                Err(refusal) => refusal.into_response().status(),
            };
            *codes.entry(status.as_u16()).or_insert(0.0) += 1.0;
        }
        let failed = n - codes[&200];
        assert!((failed / n - 0.5).abs() < 4.0 * (0.25 / n).sqrt(), "{codes:?}");
        for code in [500, 502, 503, 504] {
            assert!((codes[&code] / failed - 0.25).abs() < 4.0 * (0.25 * 0.75 / failed).sqrt(), "{codes:?}");
        }
    }
}
