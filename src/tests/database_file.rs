//! Which file is the database, who has it, and what is none.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::server::TestServer;
use traffic_simulator::platform::database::Database;

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

async fn refusal(path: &Path) -> String {
    let words = Database::open(&url(path)).await.expect_err("refused").to_string();
    assert!(!words.contains('\n'), "one line: {words}");
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_for_the_same_file_is_refused() {
    let server = TestServer::start().await;
    let file = server.database_file();
    let elsewhere = tempfile::tempdir_in(file.parent().and_then(Path::parent).expect("a folder")).expect("a folder");
    let (link, folder_link, hard) =
        (elsewhere.path().join("link.db"), elsewhere.path().join("folder"), elsewhere.path().join("hard.db"));
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    std::os::unix::fs::symlink(file.parent().expect("a folder"), &folder_link).expect("a link");
    std::fs::hard_link(&file, &hard).expect("a hard link");
    let odd =
        file.parent().expect("a folder").join("../").join(file.parent().and_then(Path::file_name).expect("a name"));
    let mut names = vec![link, folder_link.join("test.db"), odd.join("./test.db"), odd.join("test%2Edb?mode=rwc")];
    if cfg!(target_os = "linux") {
        names.push(hard);
    }
    for name in names {
        assert!(refusal(&name).await.starts_with("another traffic-simulator uses the database"), "{}", name.display());
    }
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_blanks_and_percent_signs_is_one_file_with_its_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    let database =
        Database::open(&format!("sqlite://{}/a%20b/100%25 x.db", folder.path().display())).await.expect("opened");
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("a b"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["100% x.db", "100% x.db-shm", "100% x.db-wal", "100% x.db.lock"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "and nothing under the raw name");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_deleted_or_replaced_under_the_server_is_noticed() {
    let server = TestServer::start().await;
    let file = server.database_file();
    let start = json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": "all" }).to_string();
    let moved = file.with_extension("moved");
    std::fs::rename(&file, &moved).expect("moved");
    let refused = server.post("/traffic/start", start.clone()).await;
    assert_eq!(refused.status, 503);
    assert!(refused.problem()["detail"].as_str().is_some_and(|words| words.contains("not at its place any more")));
    std::fs::write(&file, "another file").expect("written");
    let refused = server.post("/traffic/start", start.clone()).await;
    assert_eq!(refused.status, 503);
    assert!(refused.problem()["detail"].as_str().is_some_and(|words| words.contains("replaced by another one")));
    std::fs::rename(&moved, &file).expect("moved back");
    assert_eq!(server.post("/traffic/start", start).await.status, 201, "as if nothing had been");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    let server = TestServer::start().await;
    server.start_run(&json!({ "scenario": "normal", "duration": 5, "maxRps": 1, "endpoints": "all" })).await;
    std::fs::copy(server.database_file(), &copy).expect("a copy of the one file, in mid-run");
    let bytes = std::fs::read(&copy).expect("read");
    assert!(bytes.starts_with(b"SQLite format 3\0"), "a database, and empty");
    assert!(refusal(&copy).await.contains("holds no tables"));
    assert_eq!(std::fs::read(&copy).expect("read"), bytes);
    std::fs::copy(server.database_file().with_extension("db-wal"), copy.with_extension("db-wal"))
        .expect("the other half");
    let whole = Database::open(&url(&copy)).await.expect("both of them are a database");
    let runs: i64 = sqlx::query_scalar("SELECT count(*) FROM runs").fetch_one(&whole.read).await.expect("a number");
    assert_eq!(runs, 1);
    whole.close().await;

    let other = folder.path().join("other.db");
    let mut connection =
        SqliteConnection::connect(&url(&other).replace("other.db", "other.db?mode=rwc")).await.expect("a connection");
    sqlx::query("CREATE TABLE songs (name TEXT)").execute(&mut connection).await.expect("a table");
    connection.close().await.expect("closed");
    let bytes = std::fs::read(&other).expect("read");
    assert!(refusal(&other).await.contains("is the database of another program"));
    assert_eq!(std::fs::read(&other).expect("read"), bytes);

    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").expect("written");
    Database::open(&url(&empty)).await.expect("an empty file is a new database").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_by_sqlite_in_mid_run_is_whole() {
    let server = TestServer::start().await;
    let id = server.start_run(&json!({ "scenario": "normal", "duration": 30, "maxRps": 20, "endpoints": "all" })).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup.db");
    sqlx::query("VACUUM INTO ?")
        .bind(backup.display().to_string())
        .execute(&mut server.sql().await)
        .await
        .expect("a copy");
    let restored = TestServer::start_with(|config| config.database_url = url(&backup)).await;
    let job = restored.job(&id).await;
    assert_eq!((&job["status"], &job["reason"]), (&json!("error"), &json!("interrupted")), "{job}");
}
