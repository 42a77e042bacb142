//! `/requests`: the request log. Filter, order and page are in the address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::metrics::address::LogAddress;
use crate::metrics::log_model::{LogPage, StatusClass};
use crate::metrics::model::{Origins, OverviewQuery};
use crate::metrics::server_fns::{found, get_log};
use crate::metrics::view::request_rows::{REQUEST_HEADS, future_note, request_rows};
use crate::metrics::view::view_filter::choices_html;
use crate::ui::notice::{Empty, failed};
use crate::ui::table::table_html;

/// `/requests`
#[component]
pub fn RequestLogPage() -> impl IntoView {
    let query = use_query_map();
    let address = LogAddress::read(|name| query.read_untracked().get(name));
    let link = |view: OverviewQuery| LogAddress { view, page: 1, ..address.clone() }.link();
    let choices = choices_html(address.view, link);
    let filter = filter(&address);
    let content = async move {
        match found(get_log(address.form()).await) {
            Ok(page) => list(&page, &address),
            Err(why) => failed("The requests could not be loaded.", &why),
        }
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
            <nav class="view-filter" aria-label="Scope" inner_html=choices></nav>
        </div>
        <section class="card" aria-label="Requests">
            {filter}
            <Suspense>{Suspend::new(content)}</Suspense>
        </section>
    }
    .into_any()
}

/// The filters with too many values for links.
fn filter(address: &LogAddress) -> AnyView {
    let hidden = |name: &'static str, value: Option<String>| {
        value.map(|value| view! { <input type="hidden" name=name value=value /> }.into_any())
    };
    let option = |value: &'static str, text: &'static str, chosen: bool| {
        view! { <option value=value selected=chosen>{text}</option> }.into_any()
    };
    let statuses = {
        let chosen = address.status;
        let titles = ["Below 400", "Errors (400 and above)", "Client errors (4xx)", "Server errors (5xx)"];
        let all = std::iter::once(option("", "All", false));
        let each = StatusClass::ALL.into_iter().zip(titles);
        all.chain(each.map(|(one, title)| option(one.wire_name(), title, chosen == Some(one)))).collect_view()
    };
    let slowest = address.slowest;
    let orders = [option("", "Newest first", !slowest), option("slowest", "Slowest first", slowest)].collect_view();
    let endpoint = address.endpoint.clone().map(|endpoint| {
        let all = LogAddress { endpoint: None, page: 1, ..address.clone() }.link();
        view! { <p class="chosen">"Only " <code>{endpoint}</code> " " <a href=all>"Show all endpoints"</a></p> }
            .into_any()
    });
    let view = address.view;
    view! {
        <form class="filter" method="get" action="/requests">
            {hidden("range", Some(view.range.wire_name().to_owned()))}
            {hidden("origin", (view.origin != Origins::All).then(|| view.origin.to_string()))}
            {hidden("endpoint", address.endpoint.clone())}
            <label>"Status " <select name="status">{statuses}</select></label>
            <label>"Order " <select name="order">{orders}</select></label>
            <button class="button" type="submit">"Filter"</button>
        </form>
        {endpoint}
    }
    .into_any()
}

fn list(page: &LogPage, address: &LogAddress) -> AnyView {
    let to = |page: u32| LogAddress { page, ..address.clone() }.link();
    let previous = (address.page > 1)
        .then(|| view! { <a class="button" href=to(address.page - 1)>"Previous page"</a> }.into_any());
    let next = page.more.then(|| view! { <a class="button" href=to(address.page + 1)>"Next page"</a> }.into_any());
    let content = if page.requests.is_empty() {
        let all = LogAddress { view: address.view, page: 1, ..LogAddress::default() };
        let (all, text) = match address.view.origin {
            // The run itself is the only filter.
            Origins::Run(_) if all == *address => {
                (LogAddress { page: 1, ..LogAddress::default() }, "Show all requests")
            }
            Origins::Run(_) => (all, "Show all requests of this run"),
            _ => (all, "Show all requests of this period"),
        };
        let all = all.link();
        view! { <Empty>"No requests match this filter. " <a href=all>{text}</a></Empty> }.into_any()
    } else {
        let rows = request_rows(&page.requests);
        let table = table_html("Requests as a table", REQUEST_HEADS, &rows, "texts");
        view! { <div inner_html=table></div> }.into_any()
    };
    let future = future_note(page.future).map(|note| view! { <p class="future-note">{note}</p> }.into_any());
    view! {
        {future}
        {content}
        <div class="actions">{previous}{next}</div>
    }
    .into_any()
}
