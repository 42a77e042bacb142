//! Recorded requests in SQL.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use super::record::Row;
use crate::metrics::model::{Kpis, Sample, WINDOW};
use crate::origin::{Origin, RunId};
use crate::server::batch_writer::Sink;
use crate::server::database::{Database, StoreError, epoch_millis};

/// Where recorded requests are kept. One method = one use case = one transaction.
#[async_trait]
pub trait MetricsStore: Send + Sync + 'static {
    /// Adds rows, all or none.
    async fn insert(&self, rows: &[Row]) -> Result<(), StoreError>;
    /// What was recorded for a run, in the order of arrival; a request as often as it was recorded.
    async fn rows_of_run(&self, run: RunId) -> Result<Vec<RowOfRun>, StoreError>;
    /// The key figures up to now.
    async fn kpis(&self) -> Result<Kpis, StoreError>;
}

/// A recorded request of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowOfRun {
    /// Its place in the plan.
    pub seq: u32,
    /// When it arrived, in epoch microseconds.
    pub at: i64,
    /// How long the answer took, in microseconds.
    pub duration: i64,
    /// The HTTP status.
    pub status: u16,
    /// As in the answer's `x-request-id`.
    pub request_id: Option<Uuid>,
}

/// [`MetricsStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteMetrics(pub Database);

/// Rows in one statement: 9 values each, far below SQLite's limit of 32,766 values.
const ROWS_PER_STATEMENT: usize = 200;

#[async_trait]
impl MetricsStore for SqliteMetrics {
    async fn insert(&self, rows: &[Row]) -> Result<(), StoreError> {
        let mut transaction = self.0.begin().await?;
        for chunk in rows.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "INSERT INTO requests (at, method, route, status, duration, run, seq, request_id) ",
            );
            statement.push_values(chunk, |mut values, row| {
                let (run, seq) = match row.origin {
                    Origin::Real => (None, None),
                    Origin::Simulated { run, seq } => (Some(run.0.as_bytes().to_vec()), Some(seq)),
                };
                values
                    .push_bind(row.at)
                    .push_bind(&row.method)
                    .push_bind(&row.route)
                    .push_bind(row.status)
                    .push_bind(row.duration.as_micros() as i64)
                    .push_bind(run)
                    .push_bind(seq)
                    .push_bind(row.request_id.map(|id| id.as_bytes().to_vec()));
            });
            statement.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    async fn rows_of_run(&self, run: RunId) -> Result<Vec<RowOfRun>, StoreError> {
        let rows =
            sqlx::query("SELECT seq, at, duration, status, request_id FROM requests WHERE run = ? ORDER BY at, id")
                .bind(run.0.as_bytes().as_slice())
                .fetch_all(&self.0.read)
                .await?;
        let row_of_run = |row: &SqliteRow| {
            Ok(RowOfRun {
                seq: row.try_get("seq")?,
                at: row.try_get("at")?,
                duration: row.try_get("duration")?,
                status: row.try_get("status")?,
                // What is no UUID was not written by this program.
                request_id: row.try_get::<Option<Vec<u8>>, _>("request_id")?.and_then(|id| Uuid::from_slice(&id).ok()),
            })
        };
        rows.iter().map(row_of_run).collect()
    }

    async fn kpis(&self) -> Result<Kpis, StoreError> {
        let now = epoch_millis();
        let rows = sqlx::query(
            "SELECT at, status, duration, run IS NOT NULL AS simulated FROM requests WHERE at >= ? ORDER BY at",
        )
        .bind((now - i64::from(WINDOW) * 1000) * 1000)
        .fetch_all(&self.0.read)
        .await?;
        let samples = rows
            .iter()
            .map(|row| {
                Ok(Sample {
                    at: row.try_get::<i64, _>("at")? / 1000,
                    status: row.try_get("status")?,
                    duration: row.try_get("duration")?,
                    simulated: row.try_get("simulated")?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Kpis::of(&samples, now))
    }
}

#[async_trait]
impl Sink<Row> for SqliteMetrics {
    async fn write(&self, rows: &[Row]) -> Result<(), StoreError> {
        self.insert(rows).await
    }
}
