//! The four routes of the users API.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use uuid::Uuid;

use super::store::{UserStore, WriteError};
use crate::origin::OriginTag;
use crate::server::problem::{JsonFields, QueryFields, Refusal};
use crate::users::model::{NewUser, User, UserPage, UserPatch, UserQuery};

/// What the handlers need.
pub type Users = Arc<dyn UserStore>;

impl From<WriteError> for Refusal {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::EmailTaken => Self::conflict("email", "is taken by another user; give another address"),
            WriteError::NotFound => no_such_user(),
            WriteError::Store(error) => error.into(),
        }
    }
}

fn no_such_user() -> Refusal {
    Refusal::not_found("There is no user with this id. GET /api/v1/users lists those that exist.")
}

fn user_id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::try_parse(text).map_err(|_| Refusal::malformed("id", "is not a UUID"))
}

/// `/api/v1/users`
pub fn collection() -> MethodRouter<Users> {
    get(list).post(create)
}

/// `/api/v1/users/{id}`
pub fn item() -> MethodRouter<Users> {
    get(get_one).patch(update)
}

async fn list(State(users): State<Users>, QueryFields(fields): QueryFields) -> Result<Json<UserPage>, Refusal> {
    Ok(Json(users.list(&UserQuery::check(fields)?).await?))
}

async fn create(
    State(users): State<Users>,
    Extension(tag): Extension<OriginTag>,
    JsonFields(fields): JsonFields,
) -> Result<Response, Refusal> {
    let user = users.create(NewUser::check(&fields)?, tag.get()).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/users/{}", user.id)).map_err(Refusal::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(user)).into_response())
}

async fn get_one(State(users): State<Users>, Path(id): Path<String>) -> Result<Json<User>, Refusal> {
    users.get(user_id(&id)?).await?.map(Json).ok_or_else(no_such_user)
}

async fn update(
    State(users): State<Users>,
    Path(id): Path<String>,
    JsonFields(fields): JsonFields,
) -> Result<Json<User>, Refusal> {
    Ok(Json(users.update(user_id(&id)?, UserPatch::check(&fields)?).await?))
}
