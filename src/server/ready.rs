//! `/readyz`: whether this process can do its work, for load balancers. (`/healthz` only says that it answers at all.)

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Problem;
use crate::platform::database::Database;
use crate::platform::problem::ApiError;

/// How long a read of the database may take.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What this process needs to do its work. Cheap to clone.
#[derive(Clone)]
pub struct Readiness {
    /// The database, which has to be readable.
    pub database: Database,
    /// Cancelled when the server shuts down.
    pub shutdown: CancellationToken,
}

impl Readiness {
    /// The error says why the process can't do its work.
    async fn check(&self) -> Result<(), String> {
        if self.shutdown.is_cancelled() {
            return Err("The server is shutting down.".to_owned());
        }
        self.database.identity().map_err(|lost| lost.to_string())?;
        match tokio::time::timeout(TIMEOUT, self.database.has_schema()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => {
                Err("The database does not have the schema of this program; was its file replaced? Restart the server."
                    .to_owned())
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready: the database can't be read");
                Err("The database can't be read. The server's log has the cause.".to_owned())
            }
            Err(_) => Err("The database did not answer a read within a second.".to_owned()),
        }
    }
}

/// `/readyz`, with its documentation.
pub fn routes() -> OpenApiRouter<Readiness> {
    OpenApiRouter::new().routes(routes!(readyz))
}

/// Can the server do its work? It reads its database within a second, finds its schema there, and is not shutting down.
#[utoipa::path(get, path = "/readyz", tag = "Server", operation_id = "ready",
    responses(
        (status = 200, description = "It can", body = String, content_type = "text/plain"),
        (status = 503, description = "It can't; `detail` says why", body = Problem, content_type = "application/problem+json",
            headers(("retry-after" = u32, description = "Seconds"))),
    ))]
async fn readyz(State(readiness): State<Readiness>) -> Result<&'static str, ApiError> {
    match readiness.check().await {
        Ok(()) => Ok("ready\n"),
        Err(why) => Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, why).retry_after(5)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_goes_down_or_can_not_read_is_not_ready() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/ready.db", folder.path().display());
        let readiness =
            Readiness { database: Database::open(&url).await.expect("a database"), shutdown: CancellationToken::new() };
        assert_eq!(readiness.check().await, Ok(()));
        // Take every connection that reads.
        let mut taken = Vec::new();
        while taken.len() < readiness.database.read.options().get_max_connections() as usize {
            taken.push(readiness.database.read.acquire().await.expect("a connection"));
        }
        assert_eq!(readiness.check().await, Err("The database did not answer a read within a second.".to_owned()));
        drop(taken);
        assert_eq!(readiness.check().await, Ok(()));
        std::fs::rename(folder.path().join("ready.db"), folder.path().join("gone.db")).expect("moved");
        let gone = readiness.check().await.expect_err("what is written now does not last");
        assert!(gone.starts_with("The file of the database is not at its place"), "{gone}");
        std::fs::rename(folder.path().join("gone.db"), folder.path().join("ready.db")).expect("moved back");
        readiness.shutdown.cancel();
        assert_eq!(readiness.check().await, Err("The server is shutting down.".to_owned()));
    }
}
