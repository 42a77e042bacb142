//! The stored runs as a list, and their requests, read back.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use super::store::SqliteRuns;
use crate::origin::RunId;
use crate::server::database::StoreError;
use crate::traffic::engine::exchange::{ClientSide, ServerSide};
use crate::traffic::engine::mix::Call;
use crate::traffic::input::RunsQuery;
use crate::traffic::model::Job;

/// Where stored runs can be listed, read and deleted. One method = one use case = one transaction.
#[async_trait]
pub trait RunHistory: Send + Sync + 'static {
    /// Some runs, newest first, one more than asked for where there are more.
    async fn list(&self, query: &RunsQuery) -> Result<Vec<Job>, StoreError>;
    /// Removes a closed run with its ledger. `false`: there is no closed run of this name.
    async fn delete(&self, run: RunId) -> Result<bool, StoreError>;
    /// The generator's side of each request that has ended.
    async fn client_sides(&self, run: RunId) -> Result<Vec<ClientSide>, StoreError>;
    /// The server's side of each request.
    async fn server_sides(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError>;
}

fn id(row: &SqliteRow) -> Result<Option<Uuid>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get("request_id")?;
    Ok(bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()))
}

fn micros(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

fn client_side(row: &SqliteRow) -> Result<ClientSide, StoreError> {
    let call: String = row.try_get("call")?;
    Ok(ClientSide {
        seq: row.try_get("seq")?,
        call: Call::of_route(&call).ok_or_else(|| StoreError::Decode(format!("no such call: {call}").into()))?,
        wanted: micros(row, "wanted")?,
        due: micros(row, "due")?,
        sent: micros(row, "sent")?,
        sent_at: row.try_get("sent_at")?,
        service: micros(row, "service")?,
        fate: row.try_get("fate")?,
        request_id: id(row)?,
    })
}

fn server_side(row: &SqliteRow) -> Result<ServerSide, StoreError> {
    Ok(ServerSide {
        seq: row.try_get("seq")?,
        arrived_at: row.try_get("at")?,
        duration: micros(row, "duration")?,
        status: row.try_get("status")?,
        request_id: id(row)?,
    })
}

#[async_trait]
impl RunHistory for SqliteRuns {
    async fn list(&self, query: &RunsQuery) -> Result<Vec<Job>, StoreError> {
        let mut statement = QueryBuilder::new("SELECT job FROM runs WHERE 1");
        if let Some(before) = query.cursor {
            // Ids begin with the time of the start.
            statement.push(" AND id < ").push_bind(before.0.as_bytes().to_vec());
        }
        if let Some(status) = query.status {
            statement.push(" AND status = ").push_bind(status.wire_name());
        }
        if let Some(scenario) = query.scenario {
            statement.push(" AND job ->> 'scenario' = ").push_bind(scenario.wire_name());
        }
        statement.push(" ORDER BY id DESC LIMIT ").push_bind(query.limit + 1);
        let rows: Vec<String> = statement.build_query_scalar().fetch_all(&self.0.read).await?;
        rows.iter().map(|json| serde_json::from_str(json).map_err(|error| StoreError::Decode(error.into()))).collect()
    }

    async fn delete(&self, run: RunId) -> Result<bool, StoreError> {
        let id = run.0.as_bytes().to_vec();
        let mut transaction = self.0.begin().await?;
        let deleted = sqlx::query("DELETE FROM runs WHERE id = ? AND closed = 1")
            .bind(id.clone())
            .execute(&mut *transaction)
            .await?;
        let found = deleted.rows_affected() == 1;
        if found {
            sqlx::query("DELETE FROM ledger WHERE run = ?").bind(id).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(found)
    }

    async fn client_sides(&self, run: RunId) -> Result<Vec<ClientSide>, StoreError> {
        let rows = sqlx::query("SELECT * FROM ledger WHERE run = ? ORDER BY seq")
            .bind(run.0.as_bytes().to_vec())
            .fetch_all(&self.0.read)
            .await?;
        rows.iter().map(client_side).collect()
    }

    async fn server_sides(&self, run: RunId) -> Result<Vec<ServerSide>, StoreError> {
        let rows = sqlx::query("SELECT seq, at, duration, status, request_id FROM requests WHERE run = ? ORDER BY seq")
            .bind(run.0.as_bytes().to_vec())
            .fetch_all(&self.0.read)
            .await?;
        rows.iter().map(server_side).collect()
    }
}
