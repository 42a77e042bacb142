//! What can be done with a run: set it up again, take it elsewhere, compare it.

use leptos::prelude::*;

use super::form::StartForm;
use super::model::{Job, Settings};
use crate::ui::copy::CopyButton;

/// The command that starts the same run again.
fn curl(origin: &str, settings: &Settings) -> String {
    // Every field is a number or one of our own words: nothing in it can end the quotes.
    let json = serde_json::to_string(settings).unwrap_or_default();
    format!("curl -X POST {origin}/traffic/start -H 'content-type: application/json' -d '{json}'")
}

/// Links and buttons below a run.
#[component]
pub fn RunActions(
    /// The run.
    job: RwSignal<Job>,
) -> impl IntoView {
    let (settings, id) = job.with_untracked(|job| (job.settings(), job.job_id));
    let again = format!("/?{}", StartForm::again(&settings));
    let origin = || window().location().origin().unwrap_or_default();
    let link = Callback::new(move |()| format!("{}/runs/{id}", origin()));
    let command = Callback::new(move |()| curl(&origin(), &settings));
    let export = move |format: &str| format!("/traffic/runs/{id}/export?format={format}");
    view! {
        <div class="actions">
            <a class="button" href=again>
                "Run again"
            </a>
            <a class="button" href=format!("/runs?a={id}")>
                "Compare with …"
            </a>
            <CopyButton label="Copy link" text=link />
            <CopyButton label="Copy as curl" text=command />
            <Show when=move || job.read().closed>
                <span class="downloads">
                    "Download: "
                    <a href=export("json") download="">"JSON"</a>
                    <a href=export("csv") download="">"CSV"</a>
                    <a href=export("html") download="">"HTML report"</a>
                </span>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::model::Endpoints;

    #[test]
    fn the_command_says_what_the_run_was_started_with() {
        let settings = Settings {
            scenario: Scenario::Peak,
            duration: 30,
            max_rps: 5,
            endpoints: Endpoints::all(),
            seed: 7,
            delay: Delay::Client,
        };
        assert_eq!(
            curl("http://127.0.0.1:3000", &settings),
            "curl -X POST http://127.0.0.1:3000/traffic/start -H 'content-type: application/json' -d '{\"scenario\":\"peak\",\"duration\":30,\"maxRps\":5,\"endpoints\":\"all\",\"seed\":7,\"delay\":\"client\"}'"
        );
    }
}
