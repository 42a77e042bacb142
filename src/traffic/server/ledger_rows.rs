//! The stored ledger: the client's side of each request, in SQL.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use super::client_ledger::LedgerRow;
use super::run_rows::blob;
use crate::origin::RunId;
use crate::platform::database::{Database, StoreError};
use crate::platform::row_writer::Sink;
use crate::traffic::engine::exchange::ClientSide;
use crate::traffic::engine::mix::Call;

/// Rows in one statement: 10 values each, far below SQLite's limit of 32,766 values.
const ROWS_PER_STATEMENT: usize = 200;

/// Stores the rows of the ledger.
#[derive(Clone, Debug)]
pub struct SqliteLedger(pub Database);

#[async_trait]
impl Sink<LedgerRow> for SqliteLedger {
    async fn write(&self, rows: &[LedgerRow]) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "INSERT INTO ledger (run, seq, call, wanted, due, sent, service, fate, sent_at, request_id) ",
            );
            statement.push_values(chunk, |mut values, LedgerRow { run_id, slot, sent_at, outcome, request_id }| {
                values
                    .push_bind(blob(*run_id))
                    .push_bind(outcome.seq)
                    .push_bind(outcome.call.route())
                    .push_bind(micros(slot.wanted))
                    .push_bind(micros(slot.due))
                    .push_bind(micros(outcome.sent))
                    .push_bind(micros(outcome.ended.saturating_sub(outcome.sent)))
                    .push_bind(outcome.fate.name())
                    .push_bind(sent_at)
                    .push_bind(request_id.map(|id| id.as_bytes().to_vec()));
            });
            statement.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}

fn micros(duration: Duration) -> i64 {
    duration.as_micros() as i64
}

/// The client's side of each request of a run in the order of the plan, without those that can't be read.
pub(super) async fn of_run(database: &Database, id: RunId) -> Result<Vec<ClientSide>, StoreError> {
    let rows = sqlx::query(
        "SELECT seq, call, wanted, due, sent, service, fate, sent_at, request_id FROM ledger WHERE run = ? ORDER BY seq",
    )
    .bind(blob(id))
    .fetch_all(&database.read)
    .await?;
    let mut sides = Vec::with_capacity(rows.len());
    for row in &rows {
        match client_side(row) {
            Ok(side) => sides.push(side),
            Err(error) => tracing::debug!(run = %id, %error, "a row of the ledger can't be read"),
        }
    }
    Ok(sides)
}

/// The client's side of one request of a run.
pub(super) async fn of_request(database: &Database, id: RunId, seq: u32) -> Result<Option<ClientSide>, StoreError> {
    let row = sqlx::query(
        "SELECT seq, call, wanted, due, sent, service, fate, sent_at, request_id FROM ledger WHERE run = ? AND seq = ?",
    )
    .bind(blob(id))
    .bind(seq)
    .fetch_optional(&database.read)
    .await?;
    row.as_ref().map(client_side).transpose()
}

fn client_side(row: &SqliteRow) -> Result<ClientSide, StoreError> {
    let call: String = row.try_get("call")?;
    let micros = |column: &str| Ok::<_, StoreError>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
    Ok(ClientSide {
        seq: row.try_get("seq")?,
        call: Call::of_route(&call).ok_or_else(|| StoreError::Decode(format!("no such call: {call}").into()))?,
        wanted: micros("wanted")?,
        due: micros("due")?,
        sent: micros("sent")?,
        sent_at: row.try_get("sent_at")?,
        service: micros("service")?,
        fate: row.try_get("fate")?,
        request_id: row.try_get::<Option<Vec<u8>>, _>("request_id")?.and_then(|id| Uuid::from_slice(&id).ok()),
    })
}
