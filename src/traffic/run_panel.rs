//! A run as the card and the run's page show it: live while it runs, with its verdict afterwards.

use leptos::form::ActionForm;
use leptos::html;
use leptos::prelude::*;
use web_sys::SubmitEvent;

use super::engine::books::Books;
use super::engine::truth::Truth;
use super::live::{Connection, LiveRun};
use super::model::Job;
use super::run_badge::RunBadge;
use super::run_title::RunTitle;
use super::server_fns::StopTraffic;
use crate::origin::RunId;
use crate::ui::chart::ChartFrame;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::format::{count, duration, millis, percent};
use crate::ui::stat::Stat;

/// Everything about one run.
#[component]
pub fn RunPanel(
    /// The run, followed.
    run: LiveRun,
    /// The run was started on this page just now: its heading takes the focus.
    #[prop(optional)]
    takes_focus: bool,
    /// On the card: goes back to the form.
    #[prop(optional)]
    again: Option<Callback<()>>,
    /// On the run's own page: what follows. The head with Stop stays in view above it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let job = run.job;
    let (settings, id, cap) = job.with_untracked(|job| (job.settings(), job.job_id, job.cap));
    let shape = settings.shape(cap);
    let heading = NodeRef::<html::H2>::new();
    Effect::new(move |_| {
        if let (true, Some(heading)) = (takes_focus, heading.get()) {
            // It was made, but stands on the page only from the next frame on.
            request_animation_frame(move || {
                // Where there is no focus to take, nothing is lost.
                let _unfocusable = heading.focus();
            });
        }
    });
    let seconds = settings.duration;
    let chart = Memo::new(move |_| {
        let job = job.read();
        let achieved = Some(&job.stats.sent_per_second[..]);
        let rates = Rates { seconds, planned: &shape.corners(), achieved, cap };
        rate("Rate over time", rate_sentence(&job, shape.ceiling()), &rates)
    });
    view! {
        <div class="run" data-stale=move || run.connection.get().is_stale().to_string()>
            <div class="run-head">
                <h2 class="run-title" node_ref=heading tabindex="-1">
                    {settings.scenario.title()}
                </h2>
                <RunBadge state=Signal::derive(move || job.with(|job| (job.status, job.closed))) />
                <ConnectionNote connection=run.connection />
                <StopButton run=id heading over=Signal::derive(move || job.read().status.is_final()) />
            </div>
            <div class="run-body">
            <p class="run-settings">
                {format!(
                    "{} · up to {} requests per second · {} · seed {}",
                    duration(settings.duration),
                    settings.max_rps,
                    match settings.endpoints.title() {
                        all if all == "All" => "all endpoints".to_owned(),
                        some => some,
                    },
                    settings.seed,
                )}
            </p>
            <Progress job />
            <Verdict job />
            <Numbers job />
            <ChartFrame id="rate" chart />
            <Ledger job />
            <RunTitle job />
            <Announcer job connection=run.connection />
            {again.map(|again| view! { <CardLinks job again /> })}
            </div>
            {children.map(|children| children())}
        </div>
    }
}

/// On the card: the way to the run's own page, and back to the form when the run is closed.
#[component]
fn CardLinks(job: RwSignal<Job>, again: Callback<()>) -> impl IntoView {
    let page = format!("/runs/{}", job.with_untracked(|job| job.job_id));
    view! {
        <p class="run-links">
            <a href=page>"This run's page"</a>
            <Show when=move || job.read().closed>
                <button class="button" type="button" on:click=move |_| again.run(())>
                    "Set up another run"
                </button>
            </Show>
        </p>
    }
}

fn rate_sentence(job: &Job, ceiling: f64) -> String {
    let seconds = &job.stats.sent_per_second;
    let Some(highest) = seconds.iter().max() else {
        return format!("At most {ceiling:.1} requests per second are planned; the first second is not over.");
    };
    let mean = f64::from(seconds.iter().sum::<u32>()) / seconds.len() as f64;
    format!(
        "At most {ceiling:.1} per second planned; {mean:.1} sent per second on average, at most {highest} within one second of the clock."
    )
}

#[component]
fn ConnectionNote(connection: RwSignal<Connection>) -> impl IntoView {
    view! {
        <span class="connection" data-connection=move || connection.get().words() hidden=move || connection.get() == Connection::Ended>
            <span class="dot" aria-hidden="true"></span>
            {move || connection.get().words()}
        </span>
    }
}

#[component]
fn StopButton(run: RunId, over: Signal<bool>, heading: NodeRef<html::H2>) -> impl IntoView {
    let stop = ServerAction::<StopTraffic>::new();
    let busy = move || stop.pending().get();
    let on_submit = move |event: SubmitEvent| {
        if stop.pending().get_untracked() {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    // The button goes away with the run, and the focus that was on it must not fall to nowhere.
    Effect::new(move |_| {
        if let (Some(Ok(_)), Some(heading)) = (stop.value().get(), heading.get()) {
            // Where there is no focus to take, nothing is lost.
            let _unfocusable = heading.focus();
        }
    });
    view! {
        <Show when=move || !over.get()>
            <ActionForm action=stop attr:class="stop-form" on:submit:capture=on_submit>
                <input type="hidden" name="job_id" value=run.to_string() />
                <button class="button danger" type="submit" aria-disabled=move || busy().to_string()>
                    {move || if busy() { "Stopping…" } else { "Stop" }}
                </button>
            </ActionForm>
        </Show>
        <p class="error-note" role="alert" hidden=move || !matches!(stop.value().get(), Some(Err(_)))>
            {move || stop.value().get().and_then(Result::err).map(|error| error.to_string())}
        </p>
    }
}

#[component]
fn Progress(job: RwSignal<Job>) -> impl IntoView {
    let elapsed = move || job.read().stats.elapsed / 1000;
    let total = move || job.read().duration;
    let text = move || {
        let job = job.read();
        let (elapsed, total) = (job.stats.elapsed / 1000, job.duration);
        if job.status.is_final() {
            format!("ended after {}", duration(elapsed))
        } else {
            format!("{elapsed} s of {total} s · {} left", duration(total.saturating_sub(elapsed)))
        }
    };
    view! {
        <div class="progress">
            <progress aria-label="Progress of the run" max=total value=elapsed></progress>
            <span class="progress-text">{text}</span>
        </div>
    }
}

#[component]
fn Numbers(job: RwSignal<Job>) -> impl IntoView {
    let number = move |of: fn(&Job) -> String| Signal::derive(move || of(&job.read()));
    let failed_tone = Signal::derive(move || if job.read().stats.failed_requests > 0 { "bad" } else { "" }.to_owned());
    view! {
        <dl class="stats stats-main">
            <Stat label="Total requests" value=number(|job| count(job.stats.total_requests)) />
            <Stat label="Successful" value=number(|job| count(job.stats.successful_requests)) />
            <Stat label="Failed" value=number(|job| count(job.stats.failed_requests)) tone=failed_tone />
            <Stat label="Average latency" value=number(|job| millis(job.stats.avg_latency)) />
            <Stat label="Current RPS" value=number(|job| count(job.stats.current_rps)) />
        </dl>
        <dl class="stats stats-small">
            <Stat label="p50" value=number(|job| millis(job.stats.service.ok.p50)) />
            <Stat label="p95" value=number(|job| millis(job.stats.service.ok.p95)) />
            <Stat label="p99" value=number(|job| millis(job.stats.service.ok.p99)) />
            <Stat label="Response p99" value=number(|job| millis(job.stats.response.ok.p99)) />
            <Stat label="Lag p99" value=number(|job| millis(job.stats.lag_p99)) />
        </dl>
    }
}

/// The books as they stand while the run goes on.
#[component]
fn Ledger(job: RwSignal<Job>) -> impl IntoView {
    let line = move || {
        let job = job.read();
        let stats = &job.stats;
        let open = if job.status.is_final() {
            format!("{} not reached", count(stats.not_reached))
        } else {
            format!("{} in flight", stats.in_flight)
        };
        let cancelled =
            if stats.cancelled > 0 { format!(" · {} cancelled", count(stats.cancelled)) } else { String::new() };
        let refused = stats.gate_refusals + stats.in_flight_refusals;
        let refused =
            if refused > 0 { format!(" · {} had to wait at the gate", count(refused)) } else { String::new() };
        format!(
            "{} planned · {} sent · {} missed · {open}{cancelled}{refused}",
            count(stats.planned),
            count(stats.sent),
            count(stats.missed)
        )
    };
    view! { <p class="ledger-line">{line}</p> }
}

/// The result in words, once the run is closed.
#[component]
fn Verdict(job: RwSignal<Job>) -> impl IntoView {
    let books = Memo::new(move |_| {
        let job = job.read();
        job.stats.books.clone().filter(|_| job.closed)
    });
    let truth = Memo::new(move |_| {
        let job = job.read();
        job.stats.truth.clone().filter(|_| job.closed)
    });
    let reason = move || job.read().reason.map(|reason| format!("Ended early: {}.", reason.words()));
    view! {
        <div class="verdict" hidden=move || !job.read().closed>
            {move || reason().map(|words| view! { <p class="verdict-line bad">{words}</p> })}
            {move || books.get().map(|books| view! { <Result books=books stop_took=job.read_untracked().stop_took /> })}
            {move || truth.get().map(|truth| view! { <Dashboard truth /> })}
        </div>
    }
}

#[component]
fn Result(books: Books, stop_took: Option<f64>) -> impl IntoView {
    let balance = if books.verified {
        format!(
            "Books verified: {} sent, {} arrived, {} recorded.",
            count(books.sent),
            count(books.arrived),
            count(books.recorded)
        )
    } else {
        "The books do not balance.".to_owned()
    };
    let cap = format!(
        "Cap {}: the server saw at most {} requests in any second; {} are allowed.",
        if books.cap_kept { "kept" } else { "broken" },
        books.most_in_any_second,
        books.cap,
    );
    let tone = |good: bool| if good { "verdict-line good" } else { "verdict-line bad" };
    let mark = |good: bool| if good { "✓" } else { "✗" };
    let lost = books.never_arrived > 0;
    view! {
        <p class=tone(books.verified)><span class="mark" aria-hidden="true">{mark(books.verified)}</span><span>{balance}</span></p>
        {books.differences.iter().map(|difference| view! { <p class="verdict-line bad">{difference.clone()}</p> }).collect_view()}
        <p class=tone(books.cap_kept)><span class="mark" aria-hidden="true">{mark(books.cap_kept)}</span><span>{cap}</span></p>
        <p class="verdict-line">
            {format!("{} users created, {} removed.", count(books.created), count(books.removed))}
            {lost.then(|| format!(" {} left and never arrived.", count(books.never_arrived)))}
            {stop_took.map(|ms| format!(" Stop took {}.", millis(Some(ms))))}
        </p>
    }
}

/// Whether the dashboard was right about the run.
#[component]
fn Dashboard(truth: Truth) -> impl IntoView {
    let (tone, mark, word) =
        if truth.right { ("verdict-line good", "✓", "right") } else { ("verdict-line bad", "✗", "wrong") };
    let expected = truth
        .expected
        .map(|expected| format!(" Expected {} ± {:.1}.", percent(Some(expected.share)), expected.four_sigma * 100.0));
    let words = format!(
        "Dashboard {word}: KPI says {} errors, injected {}; p95 {} {} {}.{}",
        percent(truth.error_rate),
        percent(truth.injected),
        millis(truth.p95),
        if truth.right { "=" } else { "against" },
        millis(truth.exact_p95),
        expected.unwrap_or_default(),
    );
    view! {
        <p class=tone><span class="mark" aria-hidden="true">{mark}</span><span>{words}</span></p>
        {truth.differences.iter().map(|difference| view! { <p class="verdict-line bad">{difference.clone()}</p> }).collect_view()}
    }
}

/// The one thing a screen reader hears: a sentence at the start, at most every ten seconds, and at the end.
#[component]
fn Announcer(job: RwSignal<Job>, connection: RwSignal<Connection>) -> impl IntoView {
    let moment = Memo::new(move |_| {
        let job = job.read();
        (job.status, job.closed, job.stats.elapsed / 10_000)
    });
    let sentence = move || {
        let (status, closed, _) = moment.get();
        let job = job.read_untracked();
        let stats = &job.stats;
        if closed {
            format!(
                "The run is {}: {} requests, {} failed.",
                status.wire_name(),
                stats.total_requests,
                stats.failed_requests
            )
        } else if status.is_final() {
            "The run has ended; its books are being closed.".to_owned()
        } else if connection.get().is_stale() {
            "The connection to the server is lost; trying again.".to_owned()
        } else {
            format!(
                "The run is going on: {} seconds of {}, {} requests, {} failed.",
                stats.elapsed / 1000,
                job.duration,
                stats.total_requests,
                stats.failed_requests
            )
        }
    };
    view! { <p class="visually-hidden" role="status">{sentence}</p> }
}
