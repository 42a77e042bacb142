//! `/requests`: the request log. Filter, order and page are in the address, so that it can be shared, the browser's Back
//! button works, and no script is needed.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

use super::log_feed::{LogAnswer, LogFeed, found_by_id};
use super::log_filters::LogFilters;
use super::log_list::LogList;
use crate::metrics::log_form::LogForm;
use crate::metrics::log_model::LogChoices;
use crate::metrics::server_fns::{get_log, get_log_choices};

/// `/requests`
#[component]
pub fn RequestLogPage() -> impl IntoView {
    let query = use_query_map();
    let form = LogForm::read(|name| query.read_untracked().get(name));
    let content = async move {
        let answer = get_log(form.clone()).await;
        if let Some(id) = found_by_id(&form, &answer) {
            return view! { <Redirect path=format!("/requests/{id}") /> }.into_any();
        }
        // Without the choices, the filters still offer what is chosen.
        let choices = get_log_choices().await.unwrap_or_default();
        view! { <LiveRequestLog form answer choices /> }.into_any()
    };
    view! {
        <Title text="Requests · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Requests"</span>
        </nav>
        <div class="page-head">
            <h1>"Requests"</h1>
            <p class="page-note">"Every request to /api/v1, as the server recorded it. Times are UTC."</p>
        </div>
        <Suspense>{Suspend::new(content)}</Suspense>
    }
    .into_any()
}

/// The filters and the list. With a script, they act at once, and new requests are offered.
#[island]
fn LiveRequestLog(
    /// The filter in the address.
    form: LogForm,
    /// What was found with it.
    answer: LogAnswer,
    /// What the filters offer.
    choices: LogChoices,
) -> impl IntoView {
    let feed = LogFeed::new(form, answer);
    Effect::new(move |_| feed.start());
    view! {
        <section
            class="card log"
            aria-label="Requests"
            aria-busy=move || feed.is_loading.get().to_string()
            data-loading=move || feed.is_loading.get().to_string()
        >
            <LogFilters feed choices />
            <LogList feed />
        </section>
    }
    .into_any()
}
