//! The newest requests, for the dashboard.

use std::time::Duration;

use leptos::prelude::*;

use super::address::LogAddress;
use super::log_model::LogPage;
use super::model::{Outcome, OverviewQuery};
use super::request_rows::{request_heads, request_row};
use super::server_fns::get_log;
use crate::ui::notice::{Empty, Failed};
use crate::ui::table::DataTable;

const REFRESH: Duration = Duration::from_secs(2);
/// How many there are.
const NEWEST: usize = 8;

/// One page of the log, or in words why there is none.
///
/// # Errors
/// When the server does not answer, or refuses.
pub async fn ask(address: LogAddress) -> Result<LogPage, String> {
    match get_log(address.form()).await {
        Ok(Outcome::Found(page)) => Ok(page),
        Ok(Outcome::Refused(errors)) => Err(errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join(" ")),
        Err(error) => Err(error.to_string()),
    }
}

/// The newest requests of those that are chosen, fresh every two seconds while somebody looks.
#[component]
pub fn NewestRequests(
    /// What is chosen.
    view: Memo<OverviewQuery>,
) -> impl IntoView {
    let address = move || LogAddress { view: view.get(), page: 1, ..LogAddress::default() };
    let page = Resource::new(address, ask);
    Effect::new(move |_| {
        let refresh = move || {
            if !document().hidden() {
                page.refetch();
            }
        };
        if let Ok(timer) = set_interval_with_handle(refresh, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
    let retry = Callback::new(move |()| page.refetch());
    view! {
        <section class="card" aria-labelledby="newest-requests-title">
            <div class="card-head">
                <h2 class="card-title" id="newest-requests-title">"Newest requests"</h2>
                <a href=move || address().link()>"All requests"</a>
            </div>
            <Transition fallback=|| view! { <p class="loading">"Loading the requests…"</p> }>
                {move || Suspend::new(async move {
                    match page.await {
                        Ok(page) if page.requests.is_empty() => view! { <Empty>"No requests in this time."</Empty> }.into_any(),
                        Ok(page) => {
                            let rows: String = page.requests.iter().take(NEWEST).map(request_row).collect();
                            view! { <DataTable label="Newest requests" heads=request_heads() rows=rows class="texts" /> }.into_any()
                        }
                        Err(why) => view! { <Failed what="The requests could not be loaded." why retry /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
    .into_any()
}
