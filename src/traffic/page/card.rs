//! The Traffic Simulator card: the form, or the run that was started with it.

use leptos::prelude::*;

use super::card_address::show_in_address;
use super::draft::Draft;
use super::run_feed::RunFeed;
use super::start::{NotStarted, Start};
use super::start_form::SetupForm;
use crate::origin::RunId;
use crate::traffic::model::Run;
use crate::traffic::outcomes::CardState;
use crate::traffic::start_request::StartForm;
use crate::traffic::view::accounts::Accounts;
use crate::traffic::view::run_settings::RunSettings;
use crate::traffic::view::verdict_panel::VerdictPanel;
use crate::ui::card::Card;
use crate::ui::dom::find;
use crate::ui::notice::{Notice, WayOut};
use crate::ui::tone::Tone;

/// The card on the dashboard. It shows the run of the feed, or the form while that has none.
#[component]
pub fn TrafficSimulatorCard(
    /// The run that the page follows. A start makes it follow the new one.
    feed: RunFeed,
    /// The state of the simulator when the page was rendered.
    state: CardState,
    /// The form in the address: a refused one, or that of a run to repeat.
    returned: Option<StartForm>,
    /// Why the form in the address was refused, as [`StartForm::refused`] wrote it.
    refused: Option<String>,
) -> impl IntoView {
    let refusal = NotStarted::of_address(refused.as_deref(), returned.as_ref(), &state);
    let lowered = returned.as_ref().filter(|_| refusal.is_none()).and_then(|form| lowered_rate(form, state.cap));
    let draft = Draft::new(returned, &state);
    let start = Start::new(feed, draft, refusal);
    // The id only: what shows the run follows it by itself and must not be rendered again.
    let shown = Memo::new(move |_| feed.run.with(|run| run.as_ref().map(|run| run.job_id)));
    Effect::new(move |_| {
        if shown.get().is_some() {
            draft.renew();
        }
    });
    let content = move || match shown.get().and_then(|_| feed.run.get_untracked()) {
        Some(first) => view! { <CardRun feed first /> }.into_any(),
        None => view! { <SetupForm start draft /> }.into_any(),
    };
    view! {
        <Card id="simulator-title" title="Traffic Simulator" class="simulator">
            <div class="simulator-body">
                {lowered.map(|note| view! { <Notice tone=Tone::Bad>{note}</Notice> })}
                {move || start.refusal.get().map(|refusal| view! { <Refusal refusal /> })} {content}
            </div>
        </Card>
    }
    .into_any()
}

/// A note on a run that is set up again on a server with a lower cap.
fn lowered_rate(form: &StartForm, cap: u32) -> Option<String> {
    let asked = form.max_rps.as_ref()?.parse::<u32>().ok().filter(|asked| *asked > cap)?;
    Some(format!("Max RPS is {cap} instead of {asked}: the cap of this server is {cap}."))
}

/// Why no run was started, as far as that is not said at a control of the form.
#[component]
fn Refusal(refusal: NotStarted) -> impl IntoView {
    match refusal {
        NotStarted::Busy(id) => view! { <Busy id /> }.into_any(),
        NotStarted::Failed(error) => view! {
            <Notice tone=Tone::Bad>
                "Your run was not started. " {error.to_string()} " Your choices are still here. " <WayOut error />
            </Notice>
        }
        .into_any(),
        NotStarted::Faulty(_) => {
            let fault = |fault| view! { <Notice tone=Tone::Bad>{fault}</Notice> };
            refusal.other_faults().into_iter().map(fault).collect_view().into_any()
        }
    }
}

#[component]
fn Busy(id: Option<RunId>) -> impl IntoView {
    let link = id.map(|id| {
        view! {
            " "
            <a href=format!("/runs/{id}")>"Watch it"</a>
        }
    });
    view! {
        <Notice tone=Tone::Bad>
            "Your run was not started because another run was active. Stop it or wait until it is closed, then start again."
            {link}
        </Notice>
    }
}

/// Leads from a run back to the form, which comes with the choices that it had, another seed, and not acknowledged. Called in
/// the browser only.
pub fn new_run(feed: RunFeed) {
    feed.leave();
    show_in_address(true);
    // The form is on the page only from the next frame on.
    request_animation_frame(|| {
        let root = document().document_element();
        if let Some(radio) = root.and_then(|root| find::<web_sys::HtmlElement>(&root, ".scenarios input")) {
            radio.focus().ok();
        }
    });
}

/// The run in place of the form: what it was started with, its accounts, and what was checked about it. What comes next stands in
/// the strip.
#[component]
fn CardRun(
    feed: RunFeed,
    /// The run when it came.
    first: Run,
) -> impl IntoView {
    let id = first.job_id;
    let run = feed.shown();
    view! {
        <div class="card-run">
            <RunSettings run />
            <Accounts run />
            <VerdictPanel run />
            <p class="card-actions">
                <a class="run-link" href=format!("/runs/{id}")>
                    "This run's page"
                </a>
            </p>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AppError;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;
    use crate::validation::FieldError;

    fn html(run: Option<Run>, returned: Option<StartForm>, refused: Option<&str>) -> String {
        let refused = refused.map(str::to_owned);
        fixture::html(move || {
            let state = CardState { active: run.clone().map(Box::new), last: None, cap: 20, seed: 7 };
            let feed = RunFeed::new(run);
            view! { <TrafficSimulatorCard feed state returned refused /> }
        })
    }

    #[test]
    fn the_card_shows_the_form_or_the_run() {
        let form = html(None, None, None);
        assert!(form.contains("START TEST") && form.contains("id=\"simulator-title\""), "{form}");
        assert!(!form.contains("role=\"alert\">") || !form.contains("was not started"), "{form}");
        let run = fixture::run(Status::Running, false);
        let active = html(Some(run.clone()), None, None);
        for part in [format!("/runs/{}", run.job_id), "Peak Usage".to_owned()] {
            assert!(active.contains(&part), "{part} is missing in {active}");
        }
        assert!(!active.contains("START TEST"), "{active}");
        let ended = html(Some(fixture::run(Status::Completed, true)), None, None);
        for part in ["Not sent", "This run's page"] {
            assert!(ended.contains(part), "{part} is missing in {ended}");
        }
    }

    #[test]
    fn a_refusal_says_why_and_what_to_do() {
        let text = |text: &str| Some(text.to_owned());
        let form = StartForm {
            scenario: text("peak"),
            duration: text("30"),
            max_rps: text("20"),
            endpoints: text("all"),
            acknowledged: text("true"),
            ..StartForm::default()
        };
        let run = fixture::run(Status::Running, false);
        let busy = html(Some(run.clone()), Some(form.clone()), Some("busy"));
        let link = format!("<a href=\"/runs/{}\">Watch it", run.job_id);
        assert!(busy.contains("because another run was active") && busy.contains(&link), "{busy}");
        let failed = html(None, Some(form), Some("unavailable"));
        for part in ["Your run was not started.", "Try again in a few seconds.", "still here", "role=\"alert\""] {
            assert!(failed.contains(part), "{part} is missing in {failed}");
        }
        let refusal = |refusal: NotStarted| fixture::html(move || view! { <Refusal refusal /> });
        let logged_out = refusal(NotStarted::Failed(AppError::LoggedOut));
        assert!(logged_out.contains("href=\"/login?next=\""), "{logged_out}");
        let fault = FieldError { field: "seed".to_owned(), detail: "is <b>".to_owned() };
        assert!(refusal(NotStarted::Faulty(vec![fault])).contains("Seed is &lt;b&gt;."));
    }

    #[test]
    fn a_rate_above_the_cap_is_lowered_and_that_is_said() {
        let form = |rate: &str| StartForm { max_rps: Some(rate.to_owned()), ..StartForm::default() };
        let note = "Max RPS is 5 instead of 20: the cap of this server is 5.";
        assert_eq!(lowered_rate(&form("20"), 5).as_deref(), Some(note));
        for rate in ["5", "1", "", "many"] {
            assert_eq!(lowered_rate(&form(rate), 5), None, "{rate}");
        }
    }
}
