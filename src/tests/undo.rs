//! What a run leaves behind in the users: nothing of its own, and everything of others, in whatever order they write.

use serde_json::{Value, json};
use traffic_simulator::origin::{Origin, RunId};
use traffic_simulator::platform::database::Database;
use traffic_simulator::users::model::{NewUser, User, UserPatch, demo_user, demo_user_id};
use traffic_simulator::users::server::store::{SqliteUsers, Undone, UserStore};
use uuid::Uuid;

use crate::server::TestServer;

const RUN: RunId = RunId(Uuid::from_u128(7));
const LATER_RUN: RunId = RunId(Uuid::from_u128(8));

fn simulated(run: RunId) -> Origin {
    Origin::Simulated { run, seq: 0 }
}

/// The store with its demo users, in a file that lives as long as the folder.
async fn store() -> (tempfile::TempDir, SqliteUsers) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::open(&format!("sqlite://{}/undo.db", folder.path().display())).await.expect("a database");
    let users = SqliteUsers(database);
    users.add_demo_users().await.expect("demo users");
    (folder, users)
}

async fn user(users: &SqliteUsers, id: Uuid) -> User {
    users.get(id).await.expect("an answer").expect("a user")
}

async fn rename(users: &SqliteUsers, id: Uuid, name: &str, origin: Origin) -> User {
    let patch = UserPatch { name: Some(name.to_owned()), email: None };
    users.update(id, patch, origin).await.expect("a change")
}

async fn move_to(users: &SqliteUsers, id: Uuid, email: &str, origin: Origin) -> User {
    let patch = UserPatch { name: None, email: Some(email.to_owned()) };
    users.update(id, patch, origin).await.expect("a change")
}

#[tokio::test]
async fn a_simulated_change_is_undone_and_a_real_one_stays_in_every_order_of_them() {
    // Who changes the name, one after the other; and whose name stays. `R` is a real client, `S` the run.
    for (order, stays) in [
        ("S", "before"),
        ("SS", "before"),
        ("R", "real 0"),
        ("RS", "real 0"),
        ("SR", "real 1"),
        ("SRS", "real 1"),
        ("RSR", "real 2"),
        ("SRSRS", "real 3"),
        ("RSSRR", "real 4"),
    ] {
        let (_folder, users) = store().await;
        let id = demo_user_id(0);
        let mut expected = user(&users, id).await;
        for (place, who) in order.chars().enumerate() {
            let is_real = who == 'R';
            let name = format!("{} {place}", if is_real { "real" } else { "run" });
            let changed = rename(&users, id, &name, if is_real { Origin::Real } else { simulated(RUN) }).await;
            if is_real {
                expected = changed;
            }
        }
        assert_eq!(users.undo_run(RUN).await.expect("undone"), Undone::default());
        let left = user(&users, id).await;
        assert_eq!(left, expected, "{order}: also the time of the change is that of the last real one");
        if stays != "before" {
            assert_eq!(left.name, stays, "{order}");
        }
        assert_eq!(users.undo_run(RUN).await.expect("undone"), Undone::default());
        assert_eq!(user(&users, id).await, expected, "{order}: nothing is undone twice");
    }
}

#[tokio::test]
async fn fields_are_put_back_one_by_one() {
    let (_folder, users) = store().await;
    let (id, NewUser { name, email }) = (demo_user_id(1), demo_user(1));
    rename(&users, id, "Run", simulated(RUN)).await;
    move_to(&users, id, "real@example.com", Origin::Real).await;
    users.undo_run(RUN).await.expect("undone");
    let left = user(&users, id).await;
    assert_eq!(
        (left.name, left.email.as_str()),
        (name.clone(), "real@example.com"),
        "the run's name, the client's address"
    );

    move_to(&users, id, "run@example.com", simulated(RUN)).await;
    rename(&users, id, "Real", Origin::Real).await;
    users.undo_run(RUN).await.expect("undone");
    let left = user(&users, id).await;
    assert_eq!((left.name.as_str(), left.email.as_str()), ("Real", "real@example.com"));
    let found =
        users.update(id, UserPatch { name: None, email: Some(email.clone()) }, Origin::Real).await.expect("free");
    assert_eq!(found.email, email, "and the address of the run is known to be free again");
}

#[tokio::test]
async fn an_address_that_somebody_took_meanwhile_is_not_taken_back() {
    let (_folder, users) = store().await;
    let (id, NewUser { email, .. }) = (demo_user_id(2), demo_user(2));
    move_to(&users, id, "run@example.com", simulated(RUN)).await;
    let new = NewUser { name: "Real".to_owned(), email: email.clone() };
    let real = users.create(new, Origin::Real).await.expect("the address is free");
    users.undo_run(RUN).await.expect("undone");
    assert_eq!(user(&users, real.id).await, real);
    assert_eq!(user(&users, id).await.email, "run@example.com");
}

#[tokio::test]
async fn a_user_of_a_run_that_a_real_client_wrote_to_is_kept_and_counted_once() {
    let (_folder, users) = store().await;
    let create = async |email: &str| {
        let new = NewUser { name: "Run".to_owned(), email: email.to_owned() };
        users.create(new, simulated(RUN)).await.expect("a user").id
    };
    let (untouched, kept, refused) =
        (create("a@example.com").await, create("b@example.com").await, create("c@example.com").await);
    rename(&users, kept, "Real", Origin::Real).await;
    rename(&users, kept, "Real again", Origin::Real).await;
    let taken = UserPatch { name: None, email: Some("a@example.com".to_owned()) };
    users.update(refused, taken, Origin::Real).await.expect_err("a refused change is none");
    rename(&users, kept, "Run again", simulated(LATER_RUN)).await;
    assert_eq!(users.undo_run(RUN).await.expect("undone"), Undone { removed: 2, kept: 1 });
    assert_eq!(users.undo_run(LATER_RUN).await.expect("undone"), Undone::default());
    assert_eq!(user(&users, kept).await.name, "Real again");
    for gone in [untouched, refused] {
        assert_eq!(users.get(gone).await.expect("an answer"), None);
    }
    assert_eq!(users.undo_all_runs().await.expect("undone"), Undone::default(), "it is a real user now");
}

#[tokio::test]
async fn what_several_runs_left_is_undone_down_to_the_value_before_the_first_of_them() {
    let (_folder, users) = store().await;
    let before = user(&users, demo_user_id(3)).await;
    rename(&users, before.id, "First", simulated(RUN)).await;
    rename(&users, before.id, "Second", simulated(LATER_RUN)).await;
    users.undo_all_runs().await.expect("undone");
    assert_eq!(user(&users, before.id).await, before);
}

async fn patch(server: &TestServer, id: &str, body: &Value) -> Value {
    let answer = server.with_json("PATCH", &format!("/api/v1/users/{id}"), body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// A run of updates alone over all demo users, some of which a real client changes: before it, and while it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_real_client_wrote_beside_a_run_stays_over_http() {
    let server = TestServer::start().await;
    let names = async || -> Vec<(Vec<u8>, String)> {
        sqlx::query_as("SELECT id, name FROM users ORDER BY id")
            .fetch_all(&mut server.sql().await)
            .await
            .expect("users")
    };
    let before = demo_user_id(4).to_string();
    patch(&server, &before, &json!({ "name": "Before the run" })).await;
    let settings = json!({ "scenario": "stress", "duration": 5, "maxRps": 20, "endpoints": ["create", "update"] });
    let id = server.start_run(&settings).await;
    let expected_before = names().await;

    // A demo user that the run has changed, and a user that it has created.
    let (mut changed, mut created) = (None, None);
    while changed.is_none() || created.is_none() {
        let mut sql = server.sql().await;
        let some = "SELECT user_id FROM replaced_values WHERE field = 'name' LIMIT 1";
        changed = sqlx::query_scalar::<_, Vec<u8>>(some).fetch_optional(&mut sql).await.expect("an answer");
        let some = "SELECT id FROM users WHERE run IS NOT NULL LIMIT 1";
        created = sqlx::query_scalar::<_, Vec<u8>>(some).fetch_optional(&mut sql).await.expect("an answer");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let [changed, created] = [changed, created].map(|id| Uuid::from_slice(&id.expect("found")).expect("an id"));
    patch(&server, &changed.to_string(), &json!({ "name": "During the run" })).await;
    patch(&server, &created.to_string(), &json!({ "name": "Real from now on" })).await;

    let job = server.closed(&id).await;
    let audit = &job["stats"]["audit"];
    assert_eq!((&audit["outcome"], &audit["kept"]), (&json!("verified"), &json!(1)), "{job}");
    assert_eq!(audit["created"].as_u64(), audit["removed"].as_u64().map(|removed| removed + 1), "{job}");
    let mut expected = expected_before;
    expected
        .iter_mut()
        .filter(|(id, _)| id == changed.as_bytes())
        .for_each(|(_, name)| *name = "During the run".to_owned());
    expected.retain(|(id, _)| id != created.as_bytes());
    expected.push((created.as_bytes().to_vec(), "Real from now on".to_owned()));
    expected.sort();
    assert_eq!(names().await, expected);
    let page = server.get(&format!("/runs/{id}")).await.text;
    assert!(page.contains("1 kept because a real client changed them"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_leaves_demo_users_as_they_are_and_undoes_what_a_crash_left() {
    let server = TestServer::start().await;
    let [real, left] = [5, 6].map(|i| demo_user_id(i).to_string());
    patch(&server, &real, &json!({ "name": "Real" })).await;
    let folder = server.shut_down().await;
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let database = Database::open(&url).await.expect("the database");
    let users = SqliteUsers(database.clone());
    let before = user(&users, demo_user_id(6)).await;
    rename(&users, demo_user_id(6), "Left by a run", simulated(RUN)).await;
    drop(users);
    database.close().await;

    let again = TestServer::start_with(|config| config.database_url = url).await;
    assert_eq!(again.get(&format!("/api/v1/users/{real}")).await.json()["name"], "Real");
    assert_eq!(again.get(&format!("/api/v1/users/{left}")).await.json()["name"], json!(before.name));
}
