//! The four routes of the users API.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::fault;
use super::store::{UserStore, WriteError};
use crate::error::Problem;
use crate::origin::Origin;
use crate::platform::extract::{JsonFields, QueryFields};
use crate::platform::problem::ApiError;
use crate::users::model::{
    MOST_USERS, NewUser, NewUserRequest, User, UserPage, UserPatch, UserPatchRequest, UserQuery,
};

/// The context of the handlers.
pub type Users = Arc<dyn UserStore>;

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::EmailTaken => Self::conflict("email", "is taken by another user; give another address"),
            WriteError::Full => no_room(),
            WriteError::NotFound => no_such_user(),
            WriteError::Store(error) => error.into(),
        }
    }
}

fn no_such_user() -> ApiError {
    ApiError::not_found("There is no user with this id. GET /api/v1/users lists those that exist.")
}

fn no_room() -> ApiError {
    let program = env!("CARGO_PKG_NAME");
    let detail = format!(
        "There are {MOST_USERS} users, as many as this server keeps. To make room, stop it and remove all but the demo users by: {program} prune-users"
    );
    ApiError::new(StatusCode::INSUFFICIENT_STORAGE, detail)
}

fn user_id(text: &str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(text).map_err(|_| ApiError::malformed("id", "is not a UUID"))
}

/// The routes of the users API, with their documentation.
pub fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get_one, update)).routes(routes!(fault::error))
}

/// The users, newest first, page by page.
#[utoipa::path(get, path = "/api/v1/users", tag = "Users", operation_id = "listUsers",
    params(
        ("page" = Option<u32>, Query, nullable = false, minimum = 1, maximum = 1_000_000, description = "The page, from 1"),
        ("perPage" = Option<u32>, Query, nullable = false, minimum = 1, maximum = 100, description = "Users on a page; 20 when left out"),
        ("search" = Option<String>, Query, nullable = false, max_length = 254, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", description = "Part of a name or an address"),
    ),
    responses(
        (status = 200, description = "One page", body = UserPage),
        (status = 422, description = "A value is out of range", body = Problem, content_type = "application/problem+json"),
    ))]
async fn list(State(users): State<Users>, QueryFields(fields): QueryFields) -> Result<Json<UserPage>, ApiError> {
    Ok(Json(users.list(&UserQuery::check(fields)?).await?))
}

/// Creates a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "Users", operation_id = "createUser", request_body = NewUserRequest,
    responses(
        (status = 201, description = "The new user", body = User, headers(("location" = String, description = "Where it is"))),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another user has this address", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A value is out of range", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "There are as many users as may be", body = Problem, content_type = "application/problem+json"),
    ))]
async fn create(
    State(users): State<Users>,
    origin: Option<Extension<Origin>>,
    JsonFields(fields): JsonFields,
) -> Result<Response, ApiError> {
    // Only the origin of simulated requests travels with them.
    let origin = origin.map_or(Origin::Real, |Extension(origin)| origin);
    let user = users.create(NewUser::check(&fields)?, origin).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/users/{}", user.id)).map_err(ApiError::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(user)).into_response())
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "Users", operation_id = "getUser",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = 404, description = "There is no such user", body = Problem, content_type = "application/problem+json"),
    ))]
async fn get_one(State(users): State<Users>, Path(id): Path<String>) -> Result<Json<User>, ApiError> {
    users.get(user_id(&id)?).await?.map(Json).ok_or_else(no_such_user)
}

/// Changes a user's name, address, or both.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "Users", operation_id = "updateUser", request_body = UserPatchRequest,
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "The changed user", body = User),
        (status = 507, description = "The user was a run's, and there are as many real users as may be", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such user", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another user has this address", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A value is out of range", body = Problem, content_type = "application/problem+json"),
    ))]
async fn update(
    State(users): State<Users>,
    Path(id): Path<String>,
    origin: Option<Extension<Origin>>,
    JsonFields(fields): JsonFields,
) -> Result<Json<User>, ApiError> {
    let origin = origin.map_or(Origin::Real, |Extension(origin)| origin);
    Ok(Json(users.update(user_id(&id)?, UserPatch::check(&fields)?, origin).await?))
}
