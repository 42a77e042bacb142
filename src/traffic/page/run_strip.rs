//! The strip at the top of the dashboard and of a run's page: the state of the run, in sight wherever one scrolls.

use leptos::prelude::*;

use super::run_feed::RunFeed;
use super::stop::StopForm;
use crate::traffic::model::Run;
use crate::traffic::start_request::StartForm;
use crate::traffic::view::result_sentence::strip_sentence;
use crate::traffic::view::run_badge::badge;
use crate::traffic::view::verdict::short;
use crate::ui::badge::Badge;
use crate::ui::dom::is_plain_click;
use crate::ui::format::{count, millis, percent};
use crate::ui::tone::Tone;

/// What the strip shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No run is set up: what can be done here.
    Ready,
    /// The run sends requests: how far it is.
    Active,
    /// Nothing is sent any more: what came of it.
    Ended,
}

fn phase(run: Option<&Run>) -> Phase {
    match run {
        None => Phase::Ready,
        Some(run) if run.status.is_final() => Phase::Ended,
        Some(_) => Phase::Active,
    }
}

/// The strip. Its height is the same in all states, so that nothing moves when a run starts or ends.
#[component]
pub fn RunStrip(
    /// The run.
    feed: RunFeed,
    /// On the dashboard: leads back to the form. A run's own page has what comes next below its heading.
    #[prop(optional)]
    new_run: Option<Callback<()>>,
) -> impl IntoView {
    let phase = Memo::new(move |_| feed.run.with(|run| phase(run.as_ref())));
    let title = move || feed.run.with(|run| run.as_ref().map_or("Traffic Simulator", |run| run.scenario.title()));
    let state = Memo::new(move |_| {
        feed.run.with(|run| run.as_ref().map_or(("ready", "ready"), |run| badge(run.status, run.closed, run.unstored)))
    });
    let content = move || match phase.get() {
        Phase::Ready => view! { <ReadyStrip /> }.into_any(),
        Phase::Active => view! { <ActiveStrip feed /> }.into_any(),
        Phase::Ended => view! { <EndedStrip feed new_run /> }.into_any(),
    };
    view! {
        <section class="strip" aria-labelledby="run-title" data-state=move || state.get().0>
            <div class="strip-head">
                <h2 class="strip-title" id="run-title" tabindex="-1">
                    {title}
                </h2>
                <Badge state=Signal::derive(move || state.get().0) label=Signal::derive(move || state.get().1) />
            </div>
            {content}
        </section>
    }
    .into_any()
}

/// Says what this is, to those who see it for the first time.
#[component]
fn ReadyStrip() -> impl IntoView {
    view! {
        <p class="strip-text">
            "Send real requests to this server's own users API, never more than the cap in any second, and watch what your dashboard shows."
        </p>
        <div class="strip-actions">
            <a class="button" href="#simulator-title">
                "Set up a run"
            </a>
        </div>
    }
}

/// One figure of the strip.
#[component]
fn StripFigure(
    name: &'static str,
    #[prop(into)] value: Signal<String>,
    #[prop(optional, into)] tone: Signal<Tone>,
) -> impl IntoView {
    view! {
        <div class="strip-figure" data-tone=move || tone.get().name()>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
}

/// How far the run is, how many requests it has sent, what fails, and Stop.
#[component]
fn ActiveStrip(feed: RunFeed) -> impl IntoView {
    let of = move |text: fn(&Run) -> String| {
        Signal::derive(move || feed.run.with(|run| run.as_ref().map(text).unwrap_or_default()))
    };
    let failed = move || feed.run.with(|run| run.as_ref().is_some_and(|run| run.stats.failed_requests > 0));
    let elapsed = move || feed.run.with(|run| run.as_ref().map_or(0, |run| run.stats.elapsed / 1000));
    let duration = move || feed.run.with(|run| run.as_ref().map_or(1, |run| run.duration));
    view! {
        <div class="strip-progress">
            <progress aria-label="Progress of the run" max=duration value=elapsed></progress>
            <span class="progress-text">
                {of(|run| format!("{} s of {} s", run.stats.elapsed / 1000, run.duration))}
            </span>
        </div>
        <dl class="strip-figures">
            <StripFigure
                name="Sent"
                value=of(|run| format!("{} of {}", count(run.stats.sent), count(run.stats.planned)))
            />
            <StripFigure name="Rate" value=of(|run| format!("{} /s", run.stats.current_rps)) />
            <StripFigure name="Failed" value=of(failures) tone=Signal::derive(move || Tone::bad_if(failed())) />
            <StripFigure name="p95" value=of(|run| millis(run.stats.service.ok.p95)) />
        </dl>
        <div class="strip-actions">
            <span class="connection" data-connection=move || feed.connection.read().label()>
                {move || feed.connection.read().label()}
            </span>
            <a class="run-link" href=of(|run| format!("/runs/{}", run.job_id))>
                "Run page"
            </a>
            <div class="strip-bar">
                <span class="strip-short" aria-hidden="true">
                    {of(|run| {
                        format!(
                            "{}/{} s · {} failed",
                            run.stats.elapsed / 1000,
                            run.duration,
                            run.stats.failed_requests,
                        )
                    })}
                </span>
                <StopForm feed />
            </div>
        </div>
    }
    .into_any()
}

/// Failed requests and their share: "28 (12.0 %)".
fn failures(run: &Run) -> String {
    let failed = run.stats.failed_requests;
    match run.stats.total_requests {
        0 => count(failed),
        total => format!("{} ({})", count(failed), percent(Some(f64::from(failed) / f64::from(total)))),
    }
}

/// What came of the run, and what can be done next.
#[component]
fn EndedStrip(feed: RunFeed, new_run: Option<Callback<()>>) -> impl IntoView {
    let of = move |text: fn(&Run) -> String| {
        Signal::derive(move || feed.run.with(|run| run.as_ref().map(text).unwrap_or_default()))
    };
    let verdict = Memo::new(move |_| {
        feed.run.with(|run| {
            let run = run.as_ref().filter(|run| run.closed)?;
            let verdict = short(&run.into());
            Some((verdict.tone.name(), verdict.text()))
        })
    });
    let on_the_dashboard = new_run.map(|new_run| {
        // Without JavaScript the link leads to the form.
        let on_click = move |event: web_sys::MouseEvent| {
            if is_plain_click(&event) {
                event.prevent_default();
                new_run.run(());
            }
        };
        view! {
            <a class="button" href=of(|run| StartForm::again(&run.settings()))>
                "Run again"
            </a>
            <a class="button strip-compare" href=of(|run| format!("/runs?a={}", run.job_id))>
                "Compare"
            </a>
            <a class="button" href="/?new=1" on:click=on_click>
                "New run"
            </a>
        }
    });
    view! {
        <p class="strip-text">{of(strip_sentence)}</p>
        <div class="strip-actions">
            <span class="strip-verdict" data-tone=move || verdict.get().map(|(tone, _)| tone)>
                {move || verdict.get().map(|(_, text)| text)}
            </span>
            {on_the_dashboard}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    #[test]
    fn the_share_of_failures_needs_a_response() {
        let mut run = fixture::run(Status::Running, false);
        run.stats.total_requests = 0;
        run.stats.failed_requests = 0;
        assert_eq!(failures(&run), "0");
        run.stats.total_requests = 240;
        run.stats.failed_requests = 28;
        assert_eq!(failures(&run), "28 (11.7 %)");
    }

    #[test]
    fn a_run_that_is_being_closed_has_ended() {
        let mut run = fixture::run(Status::Running, false);
        assert_eq!((phase(None), phase(Some(&run))), (Phase::Ready, Phase::Active));
        run.status = Status::Completed;
        assert_eq!(phase(Some(&run)), Phase::Ended);
    }
}
