//! What the process writes is for its owner only.

use std::fs::{Permissions, metadata, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::program::program;

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

/// Starts the program, waits until it answers, and looks at its files while it runs.
async fn started(folder: &tempfile::TempDir, look: impl FnOnce()) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let mut server = program(folder)
        .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"))
        .env("DATABASE_URL", "sqlite://data/x.db")
        .spawn()
        .expect("it starts");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut answers = false;
    for _ in 0..200 {
        answers = client.get(format!("http://127.0.0.1:{port}/healthz")).send().await.is_ok();
        if answers {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answers, "it serves");
    look();
    server.kill().await.expect("killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_and_all_beside_it_are_closed_to_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let file = |ending: &str| data.join(format!("x.db{ending}"));
    let all_are_private = || {
        for ending in ["", "-wal", "-shm", ".lock"] {
            assert_eq!(mode(&file(ending)), 0o600, "x.db{ending}");
        }
    };
    started(&folder, || {
        all_are_private();
        assert_eq!(mode(&data), 0o700, "the folder that it made");
    })
    .await;
    // What an older version left open is closed.
    for ending in ["", "-wal", "-shm", ".lock"] {
        if file(ending).exists() {
            set_permissions(file(ending), Permissions::from_mode(0o644)).expect("opened");
        }
    }
    started(&folder, all_are_private).await;
}
