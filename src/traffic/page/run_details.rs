//! Keeps the details on a run's page fresh: charts, tables, and the comparison of client and server.

use std::time::Duration;

use leptos::prelude::*;

use super::run_feed::RunFeed;
use crate::error::AppError;
use crate::traffic::server_fns::get_run_details;
use crate::ui::chart::reader::Reader;
use crate::ui::refresh::{Trigger, keep_fresh, replace};

const INTERVAL: Duration = Duration::from_secs(2);
/// The comparison of client and server is fetched only on every fifth timer, because it reads every request of the run.
const SIDES_EVERY: u32 = 5;

/// Keeps the details fresh while the run is active, and fetches them once more when it is closed. Does nothing on the server.
pub(crate) fn follow_details(feed: RunFeed) {
    let timers = StoredValue::new(0_u32);
    let complete = StoredValue::new(feed.run.with_untracked(|run| run.closed));
    let refresh = move |trigger: Trigger| {
        if trigger == Trigger::Timer {
            timers.update_value(|timers| *timers += 1);
        }
        async move {
            if trigger == Trigger::Timer && complete.get_value() {
                return;
            }
            let (id, closed) = feed.run.with_untracked(|run| (run.job_id, run.closed));
            let with_sides = trigger == Trigger::Reader || closed || timers.get_value().is_multiple_of(SIDES_EVERY);
            match get_run_details(id, untrack(Reader::wanted_ids), with_sides).await {
                Ok(details) => {
                    replace(".run-details", &details.charts);
                    if let Some(sides) = details.sides {
                        replace(".run-both-sides", &sides);
                    }
                    complete.set_value(closed && with_sides);
                }
                Err(AppError::NotFound) => {
                    complete.set_value(true);
                    feed.run_is_gone();
                }
                // The old details stay; the panel says what is wrong with the connection.
                Err(_) => {}
            }
        }
    };
    Effect::new(move |_| keep_fresh(INTERVAL, refresh));
}
