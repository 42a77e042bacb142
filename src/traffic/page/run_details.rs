//! Keeps the details on a run's page fresh: while the run goes on, the page fetches them again and again, and replaces
//! the parts that changed.

use std::time::Duration;

use leptos::prelude::*;

use super::run_feed::RunFeed;
use crate::error::AppError;
use crate::traffic::server_fns::get_run_details;
use crate::traffic::view::run_details::RunDetails;
use crate::ui::chart::reader::Reader;
use crate::ui::patch::patch;
use crate::ui::poll::poll;

const REFRESH: Duration = Duration::from_secs(2);
/// Both sides are asked for at every so manieth refresh: all requests have to be looked at.
const SIDES_EVERY: u32 = 5;

/// Keeps the page's details fresh while the run goes on, and takes them once more when it is closed. A chart that
/// somebody begins to read gets its points. Nothing happens on the server.
pub(crate) fn follow_details(run: RunFeed) {
    let round = StoredValue::new(0_u32);
    let complete = StoredValue::new(run.job.with_untracked(|job| job.closed));
    let ask = move |with_sides: bool| async move {
        let (id, closed) = run.job.with_untracked(|job| (job.job_id, job.closed));
        match get_run_details(id, untrack(Reader::wanted_ids), with_sides).await {
            Ok(details) => {
                draw(&details);
                complete.set_value(closed && with_sides);
            }
            // There is nothing to ask for any more.
            Err(AppError::NotFound) => {
                complete.set_value(true);
                run.lost();
            }
            // What was drawn stays; the panel says what keeps the page from the server.
            Err(_) => {}
        }
    };
    Effect::new(move |_| {
        refresh_readers();
        poll(REFRESH, move || {
            round.update_value(|round| *round += 1);
            let closed = run.job.with_untracked(|job| job.closed);
            let with_sides = closed || round.get_value().is_multiple_of(SIDES_EVERY);
            Box::pin(async move {
                if !complete.get_value() {
                    ask(with_sides).await;
                }
            })
        });
        Reader::on_wish(move || leptos::task::spawn_local(ask(true)));
    });
}

/// Where the details stand on the page.
const PLACES: [&str; 2] = [".run-details", ".run-both-sides"];

fn draw(RunDetails(charts, sides): &RunDetails) {
    for (place, html) in PLACES.iter().zip([Some(charts), sides.as_ref()]) {
        if let (Ok(Some(place)), Some(html)) = (document().query_selector(place), html) {
            patch(&place, html);
        }
    }
    refresh_readers();
}

fn refresh_readers() {
    if let Ok(Some(page)) = document().query_selector(".run-page") {
        Reader::refresh(&page);
    }
}
