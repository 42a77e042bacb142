//! What can be done with a run: run it again, compare it, show it in the dashboard, copy or download it.

use leptos::prelude::*;

use crate::query::link;
use crate::traffic::model::{Run, Settings};
use crate::traffic::start_request::StartForm;
use crate::ui::copy::{CopyButton, ORIGIN};

/// The formats of a download, with their names.
const FORMATS: [(&str, &str); 3] = [("json", "JSON"), ("csv", "CSV"), ("html", "report")];

/// Links and buttons for a run. The downloads come when it is closed; their place is kept.
#[component]
pub fn RunActions(
    /// The run.
    run: Signal<Run>,
    /// Does the server demand a token?
    guarded: bool,
) -> impl IntoView {
    let id = Memo::new(move |_| run.with(|run| run.job_id));
    let settings = Memo::new(move |_| run.with(Run::settings));
    let closed = Memo::new(move |_| run.with(|run| run.closed));
    let address = move |path: &'static str, name: &'static str| move || link(path, &[(name, id.get().to_string())]);
    let export = move |(format, name): (&'static str, &'static str)| {
        view! {
            <a href=move || export_link(&id.get().to_string(), format) download="">
                {name}
            </a>
        }
    };
    view! {
        <div class="actions run-actions">
            <a class="button" href=move || StartForm::again(&settings.read())>
                "Run again"
            </a>
            <a class="button" href=address("/runs", "a")>
                "Compare"
            </a>
            <a class="button" href=address("/", "run")>
                "Show in dashboard"
            </a>
            <span class="downloads" data-ready=move || closed.get().to_string()>
                "Download "
                {FORMATS.map(export).collect_view()}
            </span>
            <CopyButton label="Copy link" text=Signal::derive(move || format!("{ORIGIN}/runs/{}", id.get())) />
            <CopyButton label="Copy as curl" text=Signal::derive(move || curl(&settings.read(), guarded)) />
        </div>
    }
    .into_any()
}

fn export_link(id: &str, format: &str) -> String {
    format!("/traffic/runs/{id}/export?format={format}")
}

/// The command that starts the same run again. It takes the token of a guarded server from a shell variable, so that no
/// page ever contains it.
fn curl(settings: &Settings, guarded: bool) -> String {
    // Every field is a number or a wire name, so nothing in it can end the quotes.
    let json = serde_json::to_string(settings).unwrap_or_default();
    let token = if guarded { "-H \"Authorization: Bearer $ADMIN_TOKEN\" " } else { "" };
    format!("curl -X POST {ORIGIN}/traffic/start {token}-H 'content-type: application/json' -d '{json}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    #[test]
    fn the_command_has_the_settings_of_the_run() {
        let settings = fixture::run(Status::Completed, true).settings();
        assert_eq!(
            curl(&settings, false).replace(ORIGIN, "http://127.0.0.1:3000"),
            "curl -X POST http://127.0.0.1:3000/traffic/start -H 'content-type: application/json' -d '{\"scenario\":\"peak\",\"duration\":30,\"maxRps\":20,\"endpoints\":\"all\",\"seed\":9,\"delay\":\"client\"}'"
        );
        let guarded = curl(&settings, true);
        assert!(
            guarded.contains("/traffic/start -H \"Authorization: Bearer $ADMIN_TOKEN\" -H 'content-type"),
            "{guarded}"
        );
    }

    #[test]
    fn each_action_names_the_run() {
        const ID: &str = "00000000-0000-0000-0000-000000000007";
        let html = |closed: bool| {
            let run = fixture::run(Status::Completed, closed);
            fixture::html(|| view! { <RunActions run=Signal::stored(run) guarded=false /> })
        };
        let closed = html(true);
        for part in ["/?again=true&amp;scenario=peak", "data-ready=\"true\"", "Copy link", "Copy as curl", "report"] {
            assert!(closed.contains(part), "{part} is missing in {closed}");
        }
        for address in ["/runs?a=", "/?run=", "/traffic/runs/"] {
            assert!(closed.contains(&format!("href=\"{address}{ID}")), "{address} is missing in {closed}");
        }
        assert!(html(false).contains("data-ready=\"false\""), "no download of what may still change");
    }
}
