//! `/requests`: the request log. Filter, order and page are in the address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::address::LogAddress;
use super::log_model::{LogPage, StatusClass};
use super::model::{Origins, Outcome, OverviewQuery};
use super::request_rows::{REQUEST_HEADS, request_row};
use super::server_fns::get_log;
use super::view_filter::ViewFilter;
use crate::error::AppError;
use crate::packed::Packed;
use crate::ui::notice::{Empty, Failed};
use crate::ui::table::{DataTable, heads};

/// `/requests`
#[component]
pub fn RequestLogPage() -> impl IntoView {
    let query = use_query_map();
    let address = Memo::new(move |_| LogAddress::read(|name| query.read().get(name)));
    let page = Resource::new(move || address.get(), |address| get_log(address.form()));
    let retry = Callback::new(move |()| page.refetch());
    let link = Callback::new(move |view: OverviewQuery| LogAddress { view, page: 1, ..address.get() }.link());
    view! {
        <Title text="Requests · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Requests"</span>
        </nav>
        <div class="page-head">
            <h1>"Requests"</h1>
            <ViewFilter view=Signal::derive(move || address.read().view) link />
        </div>
        <section class="card" aria-label="Requests">
            <Filter address />
            <Transition fallback=|| view! { <p class="loading">"Loading the requests…"</p> }>
                {move || Suspend::new(async move {
                    let address = address.get();
                    match found(&page.await) {
                        Ok(page) => list(&page, &address),
                        Err(why) => view! { <Failed what="The requests could not be loaded." why retry /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
    .into_any()
}

/// What was found, or in words why nothing was.
fn found(answer: &Result<Packed, AppError>) -> Result<LogPage, String> {
    let outcome = answer.as_ref().map_err(ToString::to_string)?.unpack();
    match outcome.map_err(|error| error.to_string())? {
        Outcome::Found(found) => Ok(found),
        Outcome::Refused(errors) => Err(errors.into_iter().map(|error| error.detail).collect::<Vec<_>>().join(" ")),
    }
}

/// A form of its own, for what has too many values for links.
#[component]
fn Filter(address: Memo<LogAddress>) -> impl IntoView {
    let hidden = move |name: &'static str, value: fn(&LogAddress) -> Option<String>| {
        move || value(&address.read()).map(|value| view! { <input type="hidden" name=name value=value /> }.into_any())
    };
    let option = |value: &'static str, text: &'static str, chosen: bool| {
        view! { <option value=value selected=chosen>{text}</option> }.into_any()
    };
    let statuses = move || {
        let chosen = address.read().status;
        let titles = ["Below 400", "Errors (400 and up)", "Client errors (4xx)", "Server errors (5xx)"];
        let all = std::iter::once(option("", "All", false));
        let each = StatusClass::ALL.into_iter().zip(titles);
        all.chain(each.map(|(one, title)| option(one.wire_name(), title, chosen == Some(one)))).collect_view()
    };
    let orders = move || {
        let slowest = address.read().slowest;
        [option("", "Newest first", !slowest), option("slowest", "Slowest first", slowest)].collect_view()
    };
    let endpoint = move || {
        let endpoint = address.read().endpoint.clone()?;
        let all = LogAddress { endpoint: None, page: 1, ..address.get() }.link();
        Some(
            view! { <p class="chosen">"Only " <code>{endpoint}</code> " " <a href=all>"Show all endpoints"</a></p> }
                .into_any(),
        )
    };
    view! {
        <form class="filter" method="get" action="/requests">
            {hidden("range", |address| Some(address.view.range.wire_name().to_owned()))}
            {hidden("origin", |address| (address.view.origin != Origins::All).then(|| address.view.origin.to_string()))}
            {hidden("endpoint", |address| address.endpoint.clone())}
            <label>"Status " <select name="status">{statuses}</select></label>
            <label>"Order " <select name="order">{orders}</select></label>
            <button class="button" type="submit">"Filter"</button>
        </form>
        {endpoint}
    }
}

fn list(page: &LogPage, address: &LogAddress) -> AnyView {
    let to = |page: u32| LogAddress { page, ..address.clone() }.link();
    let back = (address.page > 1)
        .then(|| view! { <a class="button" href=to(address.page - 1)>"Previous page"</a> }.into_any());
    let on = page.more.then(|| view! { <a class="button" href=to(address.page + 1)>"Next page"</a> }.into_any());
    let content = if page.requests.is_empty() {
        let all = LogAddress { view: address.view, page: 1, ..LogAddress::default() }.link();
        view! { <Empty>"No request fits. " <a href=all>"Show all of this time"</a></Empty> }.into_any()
    } else {
        let rows: String = page.requests.iter().map(request_row).collect();
        view! { <DataTable label="Requests as a table" heads=heads(REQUEST_HEADS) rows=rows class="texts" /> }
            .into_any()
    };
    view! {
        {content}
        <div class="actions">{back}{on}</div>
    }
    .into_any()
}
