//! The storage of users.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::fold::folded;
use super::undo;
pub use super::undo::Undone;
use crate::origin::{Origin, RunId};
use crate::platform::database::{Database, StoreError};
use crate::platform::wall_clock::epoch_millis;
use crate::users::model::{
    DEMO_USERS, MOST_USERS, NewUser, User, UserPage, UserPatch, UserQuery, demo_user, demo_user_id,
};

/// Why a user was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another user has this address.
    #[error("this address is taken")]
    EmailTaken,
    /// There are as many users as there may be.
    #[error("there are {MOST_USERS} users, and no more are kept")]
    Full,
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The storage of users. Each method is one use case and one transaction.
#[async_trait]
pub trait UserStore: Send + Sync + 'static {
    /// A page of users, newest first.
    async fn list(&self, query: &UserQuery) -> Result<UserPage, StoreError>;
    /// Creates a user and stores its origin. The limit on users does not apply to runs, because a run removes its users
    /// again.
    async fn create(&self, user: NewUser, origin: Origin) -> Result<User, WriteError>;
    /// The user with this id.
    async fn get(&self, id: Uuid) -> Result<Option<User>, StoreError>;
    /// Changes a user. A change by a run can be undone; a change by a real client stays.
    async fn update(&self, id: Uuid, patch: UserPatch, origin: Origin) -> Result<User, WriteError>;
    /// Removes the users that a run created and restores the values that it replaced, unless a real client has written to
    /// them since.
    async fn undo_run(&self, run: RunId) -> Result<Undone, StoreError>;
    /// Like [`UserStore::undo_run`], for all runs. Only the start of the program calls it, while no run is active.
    async fn undo_all_runs(&self) -> Result<Undone, StoreError>;
    /// Removes all real users except the demo users, and returns how many were removed.
    async fn prune(&self) -> Result<u64, StoreError>;
    /// Creates the demo users that do not exist yet.
    async fn add_demo_users(&self) -> Result<(), StoreError>;
}

/// [`UserStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteUsers(pub Database);

const COLUMNS: &str = "id, name, email, created_at, updated_at";

/// Reads a user from a row of [`COLUMNS`].
fn user(row: &SqliteRow) -> Result<User, StoreError> {
    Ok(User {
        id: Uuid::from_slice(row.try_get(0)?).map_err(|error| StoreError::Decode(error.into()))?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        created_at: row.try_get(3)?,
        updated_at: row.try_get(4)?,
    })
}

/// The error of a write. Whether the address is taken is decided by the unique index, and not by a read before the write.
fn written(error: StoreError) -> WriteError {
    let taken = error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation() && error.message().contains("users.email_key"));
    if taken { WriteError::EmailTaken } else { WriteError::Store(error) }
}

/// Whether there are as many real users as there may be.
async fn is_full(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    // SQLite knows both counts from its indexes, while counting `WHERE run IS NULL` would read every user.
    let real = "SELECT (SELECT count(*) FROM users) - (SELECT count(*) FROM users WHERE run IS NOT NULL)";
    let real: i64 = sqlx::query_scalar(real).fetch_one(connection).await?;
    Ok(real >= i64::from(MOST_USERS))
}

/// Whether a run created this user and no real client has written to it since. Such a write makes it a real user.
async fn is_of_a_run(connection: &mut SqliteConnection, id: Uuid) -> Result<bool, StoreError> {
    let of_run = "SELECT count(*) > 0 FROM users WHERE id = ? AND run IS NOT NULL";
    sqlx::query_scalar(of_run).bind(id.as_bytes().as_slice()).fetch_one(connection).await
}

/// A `LIKE` pattern that finds `text` anywhere in a folded text.
fn contains(text: &str) -> String {
    let escaped = folded(text).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

#[async_trait]
impl UserStore for SqliteUsers {
    async fn list(&self, query: &UserQuery) -> Result<UserPage, StoreError> {
        let pattern = query.search.as_deref().map(contains);
        // What follows a space in a key is no part of the address: see `keys`.
        let found = r"?1 IS NULL OR name_key LIKE ?1 ESCAPE '\' OR substr(email_key, 1, instr(email_key || ' ', ' ') - 1) LIKE ?1 ESCAPE '\'";
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM users WHERE {found}"));
        let total: i64 = sqlx::query_scalar(count).bind(&pattern).fetch_one(&self.0.read_public).await?;
        // With bare parameters after `LIMIT`, SQLite would prepare the statement again each time.
        let page = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM users WHERE {found} ORDER BY id DESC LIMIT ?2 + 0 OFFSET ?3 + 0"
        ));
        let offset = i64::from(query.page - 1) * i64::from(query.per_page);
        let rows =
            sqlx::query(page).bind(&pattern).bind(query.per_page).bind(offset).fetch_all(&self.0.read_public).await?;
        Ok(UserPage {
            users: rows.iter().map(user).collect::<Result<_, _>>()?,
            page: query.page,
            per_page: query.per_page,
            total: total as u64,
        })
    }

    async fn create(&self, new: NewUser, origin: Origin) -> Result<User, WriteError> {
        let now = epoch_millis();
        let user = User { id: Uuid::now_v7(), name: new.name, email: new.email, created_at: now, updated_at: now };
        let mut transaction = self.0.begin().await?;
        if origin.run().is_none() && is_full(&mut transaction).await? {
            return Err(WriteError::Full);
        }
        sqlx::query(
            "INSERT INTO users (id, name, name_key, email, email_key, created_at, updated_at, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(user.id.as_bytes().as_slice())
        .bind(&user.name)
        .bind(folded(&user.name))
        .bind(&user.email)
        .bind(folded(&user.email))
        .bind(now)
        .bind(now)
        .bind(origin.run().map(|run| run.0.as_bytes().to_vec()))
        .execute(&mut *transaction)
        .await
        .map_err(written)?;
        transaction.commit().await?;
        Ok(user)
    }

    async fn get(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        let row = sqlx::query("SELECT id, name, email, created_at, updated_at FROM users WHERE id = ?")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.0.read_public)
            .await?;
        row.as_ref().map(user).transpose()
    }

    async fn update(&self, id: Uuid, patch: UserPatch, origin: Origin) -> Result<User, WriteError> {
        let mut transaction = self.0.begin().await?;
        if origin.run().is_none() && is_of_a_run(&mut transaction, id).await? && is_full(&mut transaction).await? {
            return Err(WriteError::Full);
        }
        undo::before_update(&mut transaction, id, &patch, origin).await?;
        let row = sqlx::query(
            "UPDATE users SET name = coalesce(?2, name), email = coalesce(?3, email), email_key = coalesce(?4, email_key), updated_at = ?5, name_key = coalesce(?6, name_key) \
             WHERE id = ?1 RETURNING id, name, email, created_at, updated_at",
        )
        .bind(id.as_bytes().as_slice())
        .bind(&patch.name)
        .bind(&patch.email)
        .bind(patch.email.as_deref().map(folded))
        .bind(epoch_millis())
        .bind(patch.name.as_deref().map(folded))
        .fetch_optional(&mut *transaction)
        .await
        .map_err(written)?;
        let updated = user(&row.ok_or(WriteError::NotFound)?)?;
        transaction.commit().await?;
        Ok(updated)
    }

    async fn undo_run(&self, run: RunId) -> Result<Undone, StoreError> {
        let mut transaction = self.0.begin().await?;
        let undone = undo::undo(&mut transaction, run.0.as_bytes()).await?;
        transaction.commit().await?;
        Ok(undone)
    }

    async fn undo_all_runs(&self) -> Result<Undone, StoreError> {
        let mut transaction = self.0.begin().await?;
        let mut all = Undone::default();
        for run in undo::unfinished(&mut transaction).await? {
            let Undone { removed, kept } = undo::undo(&mut transaction, &run).await?;
            all = Undone { removed: all.removed + removed, kept: all.kept + kept };
        }
        transaction.commit().await?;
        Ok(all)
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        let mut removing = sqlx::QueryBuilder::<Sqlite>::new("DELETE FROM users WHERE run IS NULL AND id NOT IN (");
        let mut ids = removing.separated(", ");
        for demo in (0..DEMO_USERS).map(demo_user_id) {
            ids.push_bind(demo.as_bytes().to_vec());
        }
        removing.push(")");
        let mut transaction = self.0.begin().await?;
        let removed = removing.build().execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(removed.rows_affected())
    }

    async fn add_demo_users(&self) -> Result<(), StoreError> {
        // 1 January 2026, the time in their ids.
        const CREATED_AT: i64 = 1_767_225_600_000;
        let mut transaction = self.0.begin().await?;
        for i in 0..DEMO_USERS {
            let NewUser { name, email } = demo_user(i);
            // OR IGNORE keeps a demo user that exists, and another user that has its address.
            sqlx::query("INSERT OR IGNORE INTO users (id, name, email, email_key, created_at, updated_at, name_key) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)")
                .bind(demo_user_id(i).as_bytes().as_slice())
                .bind(&name)
                .bind(&email)
                .bind(folded(&email))
                .bind(CREATED_AT)
                .bind(folded(&name))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}
