//! Brings the runs that an older version stored up to date.

use super::run_rows::{read_run, summary};
use crate::platform::database::{Database, StoreError};

/// Adds the summaries of the runs that a version without summaries stored. A run that can't be read gets none.
///
/// # Errors
/// When the database can't be read or written.
pub async fn add_summaries(database: &Database) -> Result<(), StoreError> {
    let ids: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM runs WHERE summary IS NULL AND json_valid(job)")
        .fetch_all(&database.read)
        .await?;
    if ids.is_empty() {
        return Ok(());
    }
    let mut transaction = database.begin().await?;
    for id in ids {
        let row = sqlx::query("SELECT closed, job, name, note FROM runs WHERE id = ?")
            .bind(&id)
            .fetch_one(&mut *transaction)
            .await?;
        let Ok(run) = read_run(&row) else { continue };
        sqlx::query("UPDATE runs SET summary = ?2 WHERE id = ?1")
            .bind(&id)
            .bind(summary(&run)?)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}
