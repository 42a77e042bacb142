//! Users in SQL.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::fold::folded;
use super::undo;
pub use super::undo::Undone;
use crate::origin::{Origin, RunId};
use crate::platform::database::{Database, StoreError, epoch_millis};
use crate::users::model::{
    DEMO_USERS, MOST_USERS, NewUser, User, UserPage, UserPatch, UserQuery, demo_user, demo_user_id,
};

/// Why a user was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another user has this address.
    #[error("this address is taken")]
    EmailTaken,
    /// There are as many users as may be.
    #[error("there are {MOST_USERS} users, and no more are kept")]
    Full,
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where users are kept. One method = one use case = one transaction.
#[async_trait]
pub trait UserStore: Send + Sync + 'static {
    /// A page of users, newest first.
    async fn list(&self, query: &UserQuery) -> Result<UserPage, StoreError>;
    /// Creates a user and remembers who made it. What a run creates finds room always; the run removes it again.
    async fn create(&self, user: NewUser, origin: Origin) -> Result<User, WriteError>;
    /// One user.
    async fn get(&self, id: Uuid) -> Result<Option<User>, StoreError>;
    /// Changes what the patch names, so that a change by a run can be undone and one by a real client stays.
    async fn update(&self, id: Uuid, patch: UserPatch, origin: Origin) -> Result<User, WriteError>;
    /// Removes what a run created and puts back what it replaced, as far as no real client has written to it since.
    async fn undo_run(&self, run: RunId) -> Result<Undone, StoreError>;
    /// The same for all runs; for a start, when no run is active.
    async fn undo_all_runs(&self) -> Result<Undone, StoreError>;
    /// Removes all users that no run created, but the demo users, and says how many those were.
    async fn prune(&self) -> Result<u64, StoreError>;
    /// Creates the demo users that do not exist, and leaves the others as they are.
    async fn add_demo_users(&self) -> Result<(), StoreError>;
}

/// [`UserStore`] in the embedded database.
#[derive(Clone, Debug)]
pub struct SqliteUsers(pub Database);

const COLUMNS: &str = "id, name, email, created_at, updated_at";

/// From [`COLUMNS`], by their places.
fn user(row: &SqliteRow) -> Result<User, StoreError> {
    Ok(User {
        id: Uuid::from_slice(row.try_get(0)?).map_err(|error| StoreError::Decode(error.into()))?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        created_at: row.try_get(3)?,
        updated_at: row.try_get(4)?,
    })
}

/// The unique index decides, not a look before the write.
fn written(error: StoreError) -> WriteError {
    let taken = error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation() && error.message().contains("users.email_key"));
    if taken { WriteError::EmailTaken } else { WriteError::Store(error) }
}

/// Are there as many users as may be, without those of runs?
async fn is_full(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    // Two numbers that SQLite has at hand; to count `WHERE run IS NULL` would be to read every user.
    let real = "SELECT (SELECT count(*) FROM users) - (SELECT count(*) FROM users WHERE run IS NOT NULL)";
    let real: i64 = sqlx::query_scalar(real).fetch_one(connection).await?;
    Ok(real >= i64::from(MOST_USERS))
}

/// Was this user created by a run, and did no real client write to it since? Such a write makes it one more real user.
async fn is_of_a_run(connection: &mut SqliteConnection, id: Uuid) -> Result<bool, StoreError> {
    let of_run = "SELECT count(*) > 0 FROM users WHERE id = ? AND run IS NOT NULL";
    sqlx::query_scalar(of_run).bind(id.as_bytes().as_slice()).fetch_one(connection).await
}

/// A `LIKE` pattern that finds `text` anywhere in a folded text, whatever its case.
fn contains(text: &str) -> String {
    let escaped = folded(text).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

#[async_trait]
impl UserStore for SqliteUsers {
    async fn list(&self, query: &UserQuery) -> Result<UserPage, StoreError> {
        let pattern = query.search.as_deref().map(contains);
        // Behind a blank, a key may hold what is no part of the address: see `keys`.
        let found = r"?1 IS NULL OR name_key LIKE ?1 ESCAPE '\' OR substr(email_key, 1, instr(email_key || ' ', ' ') - 1) LIKE ?1 ESCAPE '\'";
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM users WHERE {found}"));
        let total: i64 = sqlx::query_scalar(count).bind(&pattern).fetch_one(&self.0.read_users).await?;
        // Bare parameters behind `LIMIT` would make SQLite prepare the statement each time.
        let page = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM users WHERE {found} ORDER BY id DESC LIMIT ?2 + 0 OFFSET ?3 + 0"
        ));
        let offset = i64::from(query.page - 1) * i64::from(query.per_page);
        let rows =
            sqlx::query(page).bind(&pattern).bind(query.per_page).bind(offset).fetch_all(&self.0.read_users).await?;
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
            .fetch_optional(&self.0.read_users)
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
        // As old as their ids: 1 January 2026.
        const BORN: i64 = 1_767_225_600_000;
        let mut transaction = self.0.begin().await?;
        for i in 0..DEMO_USERS {
            let NewUser { name, email } = demo_user(i);
            // OR IGNORE: one that exists stays as it is, and so does a user who took its address.
            sqlx::query("INSERT OR IGNORE INTO users (id, name, email, email_key, created_at, updated_at, name_key) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)")
                .bind(demo_user_id(i).as_bytes().as_slice())
                .bind(&name)
                .bind(&email)
                .bind(folded(&email))
                .bind(BORN)
                .bind(folded(&name))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}
