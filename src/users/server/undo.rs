//! Undoes what a run did to the users, and keeps what real clients did.
//!
//! A simulated change saves the old value, once for each field. A real change deletes the saved values of the fields that
//! it sets, and makes a user that a run created a real one. Undoing a run removes the users that still belong to it and
//! restores the values that are still saved. All of this happens within the transactions of the changes themselves, so
//! what a real client wrote stays, whatever the order of the changes.

use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use uuid::Uuid;

use super::fold::folded;
use crate::origin::Origin;
use crate::platform::database::StoreError;
use crate::users::model::UserPatch;

/// What became of the users that runs had created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Users that were removed.
    pub removed: u32,
    /// Users that stay, because a real client wrote to them.
    pub kept: u32,
}

/// The columns that a patch sets.
fn columns(patch: &UserPatch) -> impl Iterator<Item = &'static str> {
    let name = patch.name.is_some().then_some("name");
    let email = patch.email.is_some().then_some("email");
    name.into_iter().chain(email).chain(["updated_at"])
}

/// Prepares the change of a user: saves the old values if a run changes it, and deletes saved ones if a real client does.
pub(super) async fn before_update(
    transaction: &mut Transaction<'_, Sqlite>,
    id: Uuid,
    patch: &UserPatch,
    origin: Origin,
) -> Result<(), StoreError> {
    let id = id.as_bytes().as_slice();
    if let Some(run) = origin.run() {
        for column in columns(patch) {
            let save = AssertSqlSafe(format!(
                "INSERT INTO replaced_values SELECT id, ?2, ?3, CAST({column} AS TEXT) FROM users WHERE id = ?1 \
                 ON CONFLICT DO NOTHING"
            ));
            let statement = sqlx::query(save).bind(id).bind(column).bind(run.0.as_bytes().as_slice());
            statement.execute(&mut **transaction).await?;
        }
        return Ok(());
    }
    for column in columns(patch) {
        let statement = sqlx::query("DELETE FROM replaced_values WHERE user_id = ? AND field = ?");
        statement.bind(id).bind(column).execute(&mut **transaction).await?;
    }
    for statement in [
        "INSERT INTO kept_users SELECT run, id FROM users WHERE id = ? AND run IS NOT NULL ON CONFLICT DO NOTHING",
        "UPDATE users SET run = NULL WHERE id = ? AND run IS NOT NULL",
    ] {
        sqlx::query(statement).bind(id).execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Undoes one run.
pub(super) async fn undo(transaction: &mut Transaction<'_, Sqlite>, run: &[u8]) -> Result<Undone, StoreError> {
    let affected = async |transaction: &mut Transaction<'_, Sqlite>, statement: &'static str| {
        let done = sqlx::query(statement).bind(run).execute(&mut **transaction).await?;
        Ok::<_, StoreError>(done.rows_affected() as u32)
    };
    let removed = affected(transaction, "DELETE FROM users WHERE run = ?").await?;
    let kept = affected(transaction, "DELETE FROM kept_users WHERE run = ?").await?;
    let saved: Vec<(Vec<u8>, String, String)> =
        sqlx::query_as("SELECT user_id, field, value FROM replaced_values WHERE run = ?")
            .bind(run)
            .fetch_all(&mut **transaction)
            .await?;
    for (id, column, value) in saved {
        restore(transaction, &id, &column, &value).await?;
    }
    affected(transaction, "DELETE FROM replaced_values WHERE run = ?").await?;
    Ok(Undone { removed, kept })
}

/// Writes a saved value back.
async fn restore(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &[u8],
    column: &str,
    value: &str,
) -> Result<(), StoreError> {
    let statement = match column {
        "name" => sqlx::query("UPDATE users SET name = ?2, name_key = ?3 WHERE id = ?1")
            .bind(id)
            .bind(value)
            .bind(folded(value)),
        // OR IGNORE: if another user has the address by now, the user keeps its current one.
        "email" => sqlx::query("UPDATE OR IGNORE users SET email = ?2, email_key = ?3 WHERE id = ?1")
            .bind(id)
            .bind(value)
            .bind(folded(value)),
        _ => sqlx::query("UPDATE users SET updated_at = CAST(?2 AS INTEGER) WHERE id = ?1").bind(id).bind(value),
    };
    statement.execute(&mut **transaction).await?;
    Ok(())
}

/// The runs that are not undone, the newest first, so that the value from before the oldest run is restored last.
pub(super) async fn unfinished(transaction: &mut Transaction<'_, Sqlite>) -> Result<Vec<Vec<u8>>, StoreError> {
    let runs = "SELECT run FROM users WHERE run IS NOT NULL UNION SELECT run FROM kept_users \
                UNION SELECT run FROM replaced_values ORDER BY 1 DESC";
    sqlx::query_scalar(runs).fetch_all(&mut **transaction).await
}
