//! A run belongs to the program: whoever started it, whatever panics, and however long the database can't be written.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::fixture::Test;
use super::world::Manner;
use crate::origin::RunId;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::model::{Endpoints, Reason, Run, Settings, Status};
use crate::traffic::server::refusals::{DeleteRefusal, StartRefusal};
use crate::traffic::server::store::Removal;

fn settings() -> Settings {
    Settings {
        scenario: Scenario::Normal,
        duration: 5,
        max_rps: 20,
        endpoints: Endpoints::all(),
        seed: 1,
        delay: Delay::Client,
    }
}

async fn run(test: &Test, id: RunId) -> Run {
    test.runs.run(id).await.expect("readable").expect("a run")
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_in_mid_start_leaves_a_run_that_is_driven_to_its_end() {
    let test = Test::new(Manner { insert_takes: Duration::from_millis(100), ..Manner::default() });
    let start = test.runs.start(settings());
    assert!(tokio::time::timeout(Duration::from_millis(50), start).await.is_err(), "the client is gone");
    let id = test.world.stored.lock()[0].job_id;
    let closed = test.closed(id).await;
    assert_eq!((closed.status, closed.stats.sent), (Status::Completed, 99));
}

#[tokio::test(start_paused = true)]
async fn a_start_in_the_moment_of_the_shutdown_is_refused_or_closed() {
    let test = Test::new(Manner { insert_takes: Duration::from_millis(100), ..Manner::default() });
    let runs = Arc::clone(&test.runs);
    let starting = tokio::spawn(async move { runs.start(settings()).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    test.shutdown.cancel();
    test.runs.shut_down().await.expect("stored");
    let started = starting.await.expect("no panic").expect("it got past the look at the token");
    let stored = test.world.stored.lock()[0].clone();
    assert_eq!((stored.job_id, stored.closed, stored.reason), (started.job_id, true, Some(Reason::Shutdown)));
    assert!(matches!(test.runs.start(settings()).await, Err(StartRefusal::ShuttingDown)));
}

#[tokio::test(start_paused = true)]
async fn a_result_is_stored_however_long_the_database_is_locked() {
    let test = Test::new(Manner::default());
    let id = test.start(Scenario::Normal, 5).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    test.world.locked.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let waiting = run(&test, id).await;
    assert_eq!((waiting.status, waiting.closed, waiting.unstored), (Status::Completed, false, true));
    assert!(matches!(test.runs.start(settings()).await, Err(StartRefusal::Unstored(busy)) if busy == id));
    assert!(matches!(test.runs.delete(id, Removal::Asked).await, Err(DeleteRefusal::Active)));
    test.world.locked.store(false, Ordering::Relaxed);
    let unlocked = Instant::now();
    let closed = test.closed(id).await;
    assert!(unlocked.elapsed() <= Duration::from_secs(5), "{:?}", unlocked.elapsed());
    assert_eq!((closed.status, closed.unstored, closed.stats.sent), (Status::Completed, false, 99));
    assert_eq!(test.world.stored.lock()[0], closed, "as its viewers saw it");
    assert!(test.runs.live(id).is_some(), "five minutes after its end, and not before it is stored");
    test.start(Scenario::Normal, 5).await;
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_stored_leaves_its_numbers() {
    let test = Test::new(Manner { never_stores: true, ..Manner::default() });
    let id = test.start(Scenario::Normal, 5).await;
    let mut frames = test.runs.live(id).expect("in memory").frames();
    let closed = test.closed(id).await;
    assert_eq!((closed.status, closed.reason, closed.stats.sent), (Status::Error, Some(Reason::Storage), 99));
    assert!(frames.borrow_and_update().done, "its viewers see the end");
    let stored = test.world.stored.lock()[0].clone();
    assert_eq!((stored.closed, stored.reason, stored.stats.sent), (true, Some(Reason::Storage), 99));
    assert!(stored.stats.audit.is_none() && stored.stats.calls.is_empty());
    test.start(Scenario::Normal, 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_closing_ends_the_run_and_the_next_start_works() {
    let test = Test::new(Manner { panics_while_closing: true, ..Manner::default() });
    let closed = test.run(Scenario::Normal, 5).await;
    assert_eq!((closed.status, closed.reason, closed.stats.sent), (Status::Error, Some(Reason::Panic), 99));
    assert_eq!(test.world.stored.lock()[0], closed);
    test.start(Scenario::Normal, 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_five_seconds_for_the_database_and_no_longer() {
    let test = Test::new(Manner::default());
    test.start(Scenario::Normal, 5).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    test.world.locked.store(true, Ordering::Relaxed);
    test.shutdown.cancel();
    let began = Instant::now();
    let error = test.runs.shut_down().await.expect_err("not stored").to_string();
    assert!((Duration::from_secs(5)..Duration::from_secs(8)).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!(error.contains("the next start closes it"), "{error}");
    assert!(!test.world.stored.lock()[0].closed, "open, for the next start to see");
}
