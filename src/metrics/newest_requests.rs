//! The newest requests, for the dashboard.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::address::LogAddress;
use super::live_overview::found;
use super::log_model::LogPage;
use super::model::{OverviewQuery, Range};
use super::request_rows::{request_heads, request_row};
use super::server_fns::get_log;
use crate::error::AppError;
use crate::packed::Packed;
use crate::ui::erased::{live, text};
use crate::ui::notice::{Empty, Failed};
use crate::ui::poll::poll;
use crate::ui::table::DataTable;

const REFRESH: Duration = Duration::from_secs(2);
/// Every so manieth refresh for the longer ranges: they are more work for the database, and their newest
/// requests are the same.
const LONGER_RANGES: u32 = 5;
/// How many are listed.
const NEWEST: usize = 8;

/// Asks for a page of the log.
///
/// # Errors
/// When the server does not answer.
pub async fn ask(address: LogAddress) -> Result<Packed, AppError> {
    get_log(address.form()).await
}

/// The first page of the log for a view.
fn address(view: OverviewQuery) -> LogAddress {
    LogAddress { view, page: 1, ..LogAddress::default() }
}

/// The newest requests of those that are chosen, followed. As rows of a table, or why there are none.
#[derive(Clone, Copy)]
pub struct NewestFeed {
    view: Memo<OverviewQuery>,
    rows: RwSignal<Result<String, String>>,
}

/// Asks for the first page of the log.
///
/// # Errors
/// When the server does not answer.
pub async fn ask_newest(view: OverviewQuery) -> Result<Packed, AppError> {
    ask(address(view)).await
}

fn rows(answer: &Result<Packed, AppError>) -> Result<String, String> {
    found::<LogPage>(answer).map(|page| page.requests.iter().take(NEWEST).map(request_row).collect())
}

impl NewestFeed {
    /// Follows from the first answer on. Nothing happens on the server.
    pub fn follow(view: Memo<OverviewQuery>, first: &Result<Packed, AppError>) -> Self {
        let feed = Self { view, rows: RwSignal::new(rows(first)) };
        let ticks = StoredValue::new(0_u32);
        poll(REFRESH, move || {
            ticks.update_value(|ticks| *ticks += 1);
            let long = view.get_untracked().range != Range::Minutes5;
            let due = !long || ticks.get_value().is_multiple_of(LONGER_RANGES);
            Box::pin(async move {
                if due {
                    feed.ask().await;
                }
            })
        });
        Effect::new(move |before: Option<OverviewQuery>| {
            let view = view.get();
            if before.is_some_and(|before| before != view) {
                spawn_local(feed.ask());
            }
            view
        });
        feed
    }

    /// What is there stays when there is no answer.
    async fn ask(self) {
        let Some(wanted) = self.view.try_get_untracked() else { return };
        let answer = rows(&ask_newest(wanted).await);
        // The page may have been left meanwhile, or shows something else now.
        if self.view.try_get_untracked() == Some(wanted) && (answer.is_ok() || self.rows.with_untracked(Result::is_err))
        {
            self.rows.set(answer);
        }
    }
}

/// The newest requests as a table.
#[component]
pub fn NewestRequests(
    /// Where they come from.
    feed: NewestFeed,
) -> impl IntoView {
    let retry = Callback::new(move |()| spawn_local(feed.ask()));
    let state = Memo::new(move |_| feed.rows.read().as_ref().map(String::is_empty).map_err(Clone::clone));
    let rows = text(move || feed.rows.read().as_ref().cloned().unwrap_or_default());
    let content = live(move || match state.get() {
        Err(why) => view! { <Failed what="The requests could not be loaded." why retry /> }.into_any(),
        Ok(true) => view! { <Empty>"No requests in this time."</Empty> }.into_any(),
        Ok(false) => {
            view! { <DataTable label="Newest requests" heads=request_heads() rows class="texts" /> }.into_any()
        }
    });
    view! {
        <section class="card" aria-labelledby="newest-requests-title">
            <div class="card-head">
                <h2 class="card-title" id="newest-requests-title">"Newest requests"</h2>
                <a href=text(move || address(feed.view.get()).link())>"All requests"</a>
            </div>
            {content}
        </section>
    }
    .into_any()
}
