//! The newest failures of a run one by one, fetched when somebody asks for them.

use leptos::prelude::*;
use web_sys::{Event, HtmlElement};

use crate::error::Loaded;
use crate::traffic::engine::failures::Failure;
use crate::ui::notice::Failed;
use crate::ui::table::{DataTable, Heads};

const HEADS: [&str; 4] = ["#", "Request", "Response", "Request id"];

/// A request, as a link to its page where that is known.
pub(super) fn sample(text: &str, request_id: Option<String>) -> AnyView {
    let text = text.to_owned();
    match request_id {
        Some(id) => view! { <a href=format!("/requests/{id}")>{text}</a> }.into_any(),
        None => text.into_any(),
    }
}

/// The newest single failures, behind a summary that asks for them.
#[component]
pub(super) fn SingleFailures(
    single: Signal<Loaded<Vec<Failure>>>,
    on_open: Option<Callback<()>>,
    /// The address of the same requests in the log, for a browser without JavaScript.
    log: Memo<String>,
    in_a_file: bool,
) -> impl IntoView {
    let on_toggle = move |event: Event| {
        let open = event_target::<HtmlElement>(&event).has_attribute("open");
        if let Some(on_open) = on_open.filter(|_| open) {
            on_open.run(());
        }
    };
    let content = move || match single.get() {
        None => view! { <Loading log /> }.into_any(),
        Some(Err(error)) => view! { <Failed what="The failures could not be loaded." error /> }.into_any(),
        Some(Ok(failures)) => view! { <SingleTable failures in_a_file /> }.into_any(),
    };
    view! {
        <details class="single-failures" on:toggle=on_toggle>
            <summary>"The newest failures one by one"</summary>
            {content}
        </details>
    }
    .into_any()
}

#[component]
fn Loading(log: Memo<String>) -> impl IntoView {
    view! {
        <p class="loading">
            "They are listed here when they have been fetched, at the end of the run at the latest. Until then: "
            <a href=log>"these requests in the log"</a>
        </p>
    }
}

#[component]
fn SingleTable(failures: Vec<Failure>, in_a_file: bool) -> impl IntoView {
    let row = move |failure: Failure| {
        let id = failure.request_id.unwrap_or_else(|| "–".to_owned());
        let response = failure.status.map_or(failure.reason, |status| status.to_string());
        let link = Some(id.clone()).filter(|id| !in_a_file && id != "–");
        view! {
            <tr>
                <th scope="row">{format!("#{}", failure.seq)}</th>
                <td data-head="Request">
                    <code>{format!("{} {}", failure.method, failure.path)}</code>
                </td>
                <td data-head="Response" data-tone="bad">
                    {response}
                </td>
                <td data-head="Request id">{sample(&id, link)}</td>
            </tr>
        }
    };
    view! {
        <DataTable label="The newest failures" class="single-table">
            <Heads names=HEADS.to_vec() />
            <tbody>{failures.into_iter().map(row).collect_view()}</tbody>
        </DataTable>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AppError;
    use crate::traffic::view::fixture;

    fn html(single: Loaded<Vec<Failure>>, in_a_file: bool) -> String {
        fixture::html(|| {
            let log = Memo::new(|_| "/requests?status=errors".to_owned());
            view! { <SingleFailures single=Signal::stored(single) on_open=None log in_a_file /> }
        })
    }

    #[test]
    fn single_failures_are_listed_once_they_are_there() {
        let failure = Failure {
            seq: 7,
            method: "PATCH".to_owned(),
            path: "/api/v1/users/<3>".to_owned(),
            status: Some(503),
            request_id: Some("0-1".to_owned()),
            reason: "answered 503".to_owned(),
        };
        let listed = html(Some(Ok(vec![failure.clone()])), false);
        for part in ["#7", "PATCH /api/v1/users/&lt;3&gt;", ">503", "href=\"/requests/0-1\""] {
            assert!(listed.contains(part), "{part} is missing in {listed}");
        }
        let file = html(Some(Ok(vec![failure])), true);
        assert!(file.contains("0-1") && !file.contains("href"), "a file stands for itself: {file}");
        let loading = html(None, false);
        assert!(loading.contains("href=\"/requests?status=errors\""), "a way without JavaScript: {loading}");
        assert!(html(Some(Err(AppError::Unavailable)), false).contains("The failures could not be loaded."));
    }
}
