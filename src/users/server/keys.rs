//! Fills in the folded keys of users that an older version has written: SQL can't fold.

use std::collections::HashSet;

use sqlx::{Sqlite, Transaction};
use uuid::Uuid;

use super::fold::folded;
use crate::platform::database::{Database, StoreError};

/// Gives every user without a folded name its keys, and says how many there were. For a start, before anybody is
/// served; in one transaction, so that a crash leaves all of it to the next start. Where two addresses are the same by
/// the rule of today, the younger user keeps its row, with its id in the key: nobody is lost, and the address is taken.
///
/// # Errors
/// When the database can't be read or written.
pub async fn fill_in_keys(database: &Database) -> Result<u64, StoreError> {
    let mut transaction = database.begin().await?;
    let unfilled: i64 =
        sqlx::query_scalar("SELECT count(*) FROM users WHERE name_key = ''").fetch_one(&mut *transaction).await?;
    if unfilled > 0 {
        fill_in_all(&mut transaction).await?;
    }
    transaction.commit().await?;
    Ok(unfilled.cast_unsigned())
}

/// All, also those that have keys: each may collide with one that has none.
async fn fill_in_all(transaction: &mut Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    // No key of today may stand in the way of one of tomorrow.
    sqlx::query("UPDATE users SET email_key = hex(id)").execute(&mut **transaction).await?;
    let users: Vec<(Vec<u8>, String, String)> =
        sqlx::query_as("SELECT id, name, email FROM users ORDER BY created_at, id")
            .fetch_all(&mut **transaction)
            .await?;
    let mut taken = HashSet::new();
    for (id, name, email) in users {
        let mut key = folded(&email);
        if !taken.insert(key.clone()) {
            let uuid = Uuid::from_slice(&id).map_err(|error| StoreError::Decode(error.into()))?;
            tracing::warn!(user = %uuid, "another user has the same address, in another spelling; both are kept");
            // No address has a blank, so that this is the key of no other one.
            key = format!("{key} {uuid}");
        }
        sqlx::query("UPDATE users SET name_key = ?, email_key = ? WHERE id = ?")
            .bind(folded(&name))
            .bind(key)
            .bind(id)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}
