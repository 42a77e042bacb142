//! The actions for a run: run it again, compare it, copy or download it.

use crate::traffic::model::{Run, Settings};
use crate::traffic::start_request::StartForm;
use crate::ui::copy::{ORIGIN, copy_html};
use crate::ui::table::escaped;

/// The command that starts the same run again. It takes the token of a guarded server from a shell variable, so that no page
/// ever contains it.
fn curl(settings: &Settings, guarded: bool) -> String {
    // Every field is a number or a wire name, so nothing in it can end the quotes.
    let json = serde_json::to_string(settings).unwrap_or_default();
    let token = if guarded { "-H \"Authorization: Bearer $ADMIN_TOKEN\" " } else { "" };
    format!("curl -X POST {ORIGIN}/traffic/start {token}-H 'content-type: application/json' -d '{json}'")
}

/// Links and buttons below a run. The style sheet shows the downloads once the run is closed. `guarded`: does the server
/// require a token?
pub fn actions_html(run: &Run, guarded: bool) -> String {
    let settings = run.settings();
    let id = run.job_id;
    let again = StartForm::again(&settings);
    let again = escaped(&again);
    let export =
        |format: &str, name: &str| format!("<a href=\"/traffic/runs/{id}/export?format={format}\" download>{name}</a>");
    let exports = [export("json", "JSON"), export("csv", "CSV"), export("html", "HTML report")].join(" ");
    let copies =
        copy_html("Copy link", &format!("{ORIGIN}/runs/{id}")) + &copy_html("Copy as curl", &curl(&settings, guarded));
    format!(
        "<a class=\"button\" href=\"{again}\">Run again</a><a class=\"button\" href=\"/runs?a={id}\">Compare with …</a>\
         {copies}<span class=\"downloads\">Download: {exports}</span>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::model::Endpoints;

    #[test]
    fn the_command_has_the_settings_of_the_run() {
        let settings = Settings {
            scenario: Scenario::Peak,
            duration: 30,
            max_rps: 5,
            endpoints: Endpoints::all(),
            seed: 7,
            delay: Delay::Client,
        };
        assert_eq!(
            curl(&settings, false).replace(ORIGIN, "http://127.0.0.1:3000"),
            "curl -X POST http://127.0.0.1:3000/traffic/start -H 'content-type: application/json' -d '{\"scenario\":\"peak\",\"duration\":30,\"maxRps\":5,\"endpoints\":\"all\",\"seed\":7,\"delay\":\"client\"}'"
        );
        let guarded = curl(&settings, true);
        assert!(
            guarded.contains("/traffic/start -H \"Authorization: Bearer $ADMIN_TOKEN\" -H 'content-type"),
            "{guarded}"
        );
    }
}
