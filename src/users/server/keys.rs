//! Fills in the folded keys of users that an older version has stored. A migration can't do it, because SQL can't fold.

use std::collections::HashSet;

use sqlx::{Sqlite, Transaction};
use uuid::Uuid;

use super::fold::folded;
use crate::platform::database::{Database, StoreError};

/// Fills in the keys of every user that has none, and returns how many there were. It runs at the start, before anybody
/// is served, and in one transaction, so that a crash leaves all of it to the next start.
///
/// If two users have the same address by today's rule, both stay: the key of the younger one gets its id appended.
///
/// # Errors
/// If the database can't be read or written.
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

/// Fills in the keys of all users, because one that has a key may collide with one that has none.
async fn fill_in_all(transaction: &mut Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    // Existing keys must not collide with new ones while these are written.
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
            // No address contains a space, so no other address has this key.
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
