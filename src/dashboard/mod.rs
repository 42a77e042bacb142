//! The pages that combine components of several features.

pub mod board;
pub mod health_feed;
pub mod live_board;
pub mod live_dashboard;
pub mod period_board;
pub mod run_board;
pub mod scope;
pub mod scope_bar;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_fns;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::health_feed::fetch_health;
use self::live_dashboard::LiveDashboard;
use self::scope::Scope;
use self::server_fns::get_board;
use crate::metrics::log_model::LoggedRequest;
use crate::metrics::page::request_page::RequestPage;
use crate::traffic::page::card_address::NEW_RUN;
use crate::traffic::page::exchange_card::ExchangeCard;
use crate::traffic::page::run_title::title;
use crate::traffic::server_fns::{get_card_state, get_run_details};
use crate::traffic::start_request::StartForm;
use crate::ui::chart::table::TableLinks;
use crate::ui::notice::Failed;

/// `/`
#[component]
pub fn DashboardPage() -> impl IntoView {
    let query = use_query_map().read_untracked().clone();
    let get = move |name: &str| query.get(name);
    view! {
        <Title text="Traffic Simulator" />
        <h1 class="visually-hidden">"Dashboard"</h1>
        <Suspense>{Suspend::new(dashboard(get))}</Suspense>
    }
    .into_any()
}

/// The dashboard with what its address asks for.
async fn dashboard(get: impl Fn(&str) -> Option<String>) -> AnyView {
    let returned = StartForm::from_query(&get);
    let card = match get_card_state(get(NEW_RUN).is_some() || returned.is_some()).await {
        Ok(card) => card,
        Err(error) => return view! { <Failed what="The simulator could not be loaded." error /> }.into_any(),
    };
    let shown = card.shown();
    let heading = shown.map(title);
    let active = card.active.is_some();
    let scope = Scope::read(&get, shown.map(|run| run.job_id));
    let view = scope.view();
    let board = get_board(view.range.wire_name().to_owned(), view.origin.to_string(), None).await;
    let details = match scope {
        Scope::Run(run) => Some(get_run_details(run).await),
        Scope::Period(_) => None,
    };
    let health = match get("health").is_some() {
        true => Some(fetch_health(view.range).await),
        false => None,
    };
    let tables = TableLinks::new(scope.link(), get("table"));
    // Without JavaScript the page reloads itself while a run is active.
    let reload =
        active.then(|| view! { <noscript inner_html=r#"<meta http-equiv="refresh" content="5">"#></noscript> });
    view! {
        {heading.map(|text| view! { <Title text /> })}
        {reload}
        <LiveDashboard card scope board details returned refused=get("refused") health tables />
    }
    .into_any()
}

/// `/requests/{id}`
#[component]
pub fn RequestDetailPage() -> impl IntoView {
    let context = |request: LoggedRequest| view! { <ExchangeCard request /> }.into_any();
    view! { <RequestPage context=Callback::new(context) /> }
}

/// The page for unknown paths, with status 404.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found · Traffic Simulator" />
        <h1>"Page not found"</h1>
        <p>"Check the address. If it is that of a run, the run may have been deleted."</p>
        <p class="actions">
            <a class="button" href="/">
                "Go to the dashboard"
            </a>
        </p>
    }
    .into_any()
}
