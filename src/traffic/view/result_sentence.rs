//! What a run says about the service, in a sentence made from the run's own plan and numbers. All who show the result of a
//! run take it from here: the strip, the run's page, the report, and the sentence for screen readers.

mod plan;

use leptos::prelude::*;

use self::plan::{against_plan, in_short};
use crate::traffic::engine::latency::Latency;
use crate::traffic::engine::outcome::Fate;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::{Reason, Run, Status};
use crate::ui::format::{count, duration};

/// With fewer ok requests than this, a 95th percentile is that of the slowest one, and says nothing.
const LEAST_FOR_P95: u32 = 20;

/// The result of a run as a paragraph.
#[component]
pub fn ResultSentence(
    /// The run.
    #[prop(into)]
    run: Signal<Run>,
) -> impl IntoView {
    view! { <p class="result-sentence">{move || run.with(result_sentence)}</p> }
}

/// How the run ended, what failed and whether that was planned, how long responses took, and what was not sent.
pub fn result_sentence(run: &Run) -> String {
    let stats = &run.stats;
    let place = if stats.failed_requests > 0 { place(stats) } else { String::new() };
    let failures = failures(stats) + &against_plan(run, &place);
    let sentence = joined(ending(run), [Some(failures), latencies(run)]);
    std::iter::once(format!("{sentence}.")).chain(afterthoughts(stats)).collect::<Vec<_>>().join(" ")
}

/// The result in short, for the strip.
pub fn strip_sentence(run: &Run) -> String {
    let failures = failures(&run.stats) + &in_short(run);
    let missed = (run.stats.missed > 0).then(|| format!("{} missed", count(run.stats.missed)));
    joined(ending(run), [Some(failures), leading_latency(run), missed])
}

/// The parts as one sentence without its full stop.
fn joined(ending: Option<String>, parts: impl IntoIterator<Item = Option<String>>) -> String {
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    match ending {
        Some(ending) => format!("{ending}: {parts}"),
        None => {
            let mut letters = parts.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
        }
    }
}

/// How the run ended; `None` if it was completed.
fn ending(run: &Run) -> Option<String> {
    let after = match run.stats.whole_seconds() {
        0 => "within the first second".to_owned(),
        seconds => format!("after {}", duration(seconds)),
    };
    match run.status {
        Status::Starting | Status::Running => Some("So far".to_owned()),
        Status::Completed => None,
        Status::Cancelled => Some(format!("Stopped {after}")),
        Status::Error => {
            // What goes wrong when the run is closed cuts nothing off.
            let early = run.stats.elapsed < run.duration.saturating_mul(1000);
            let end = if early { format!("Ended early {after}") } else { "Failed at its end".to_owned() };
            // A reason that only a newer version knows is absent.
            Some(run.reason.map_or_else(|| end.clone(), |reason| format!("{end}, because {}", cause(run, reason))))
        }
    }
}

fn cause(run: &Run, reason: Reason) -> &'static str {
    match reason {
        Reason::Interrupted if run.stats.recounted.is_some() => "the server was killed",
        Reason::Panic => "the generator failed",
        reason => reason.message(),
    }
}

fn requests(n: u32) -> String {
    format!("{} request{}", count(n), if n == 1 { "" } else { "s" })
}

/// How many requests there were, and how many of them failed.
fn failures(stats: &Stats) -> String {
    let (total, failed) = (stats.total_requests, stats.failed_requests);
    match (total, failed) {
        (0, _) if stats.sent == 0 => "no request was sent".to_owned(),
        (0, _) => format!("{} sent, none answered", requests(stats.sent)),
        (_, 0) => format!("{}, none failed", requests(total)),
        (1, _) => "the only request failed".to_owned(),
        _ if failed == total => format!("all {} failed", requests(total)),
        // Less than 0.1 % would be shown as 0.0 %.
        _ if u64::from(failed) * 1000 < u64::from(total) => format!("{} of {} failed", count(failed), requests(total)),
        _ => format!("{:.1} % of {} failed", f64::from(failed) / f64::from(total) * 100.0, requests(total)),
    }
}

/// What the failures have in common: the endpoint, or why there was no response.
fn place(stats: &Stats) -> String {
    let endpoints: Vec<_> = stats.calls.iter().filter(|calls| calls.failed > 0).map(|calls| calls.call).collect();
    let all = if stats.failed_requests == 1 || stats.failed_requests == stats.total_requests { "" } else { "all " };
    match (&endpoints[..], only_transport_failure(stats)) {
        // A stored run of an earlier version.
        ([], None) => String::new(),
        ([only], None) => format!(", {all}on {}", only.title()),
        (_, Some(Fate::Timeout)) => format!(", {all}without a response within 5 s"),
        (_, Some(Fate::Connect)) => format!(", {all}because the connection was refused"),
        (_, Some(_)) => format!(", {all}because the connection broke"),
        (several, None) => format!(", on {} endpoints", several.len()),
    }
}

/// The fault of the transport by which all failed requests failed, if there is only one.
fn only_transport_failure(stats: &Stats) -> Option<Fate> {
    let fates = stats.fates.iter().filter_map(|fate| Fate::of_name(&fate.name));
    let mut failed = fates.filter(|fate| !fate.is_ok() && *fate != Fate::Cancelled);
    let only = failed.next().filter(|fate| fate.is_transport_failure());
    only.filter(|_| failed.next().is_none())
}

/// How long the successful requests took, and which part of that was planned.
fn latencies(run: &Run) -> Option<String> {
    let stats = &run.stats;
    let service = figures(&stats.service.ok);
    match planned_delay(run) {
        None => service,
        Some(Delay::Client) => {
            let response = leading_latency(run)?;
            Some(format!("{response}, 100–500 ms of it a planned pause on the client; service time {}", service?))
        }
        Some(Delay::Server) => {
            Some(format!("service time {}, 100–500 ms of it a planned delay in the server's response", service?))
        }
    }
}

/// The latency that tells most about the run.
fn leading_latency(run: &Run) -> Option<String> {
    let stats = &run.stats;
    match planned_delay(run) {
        None => highest(&stats.service.ok),
        Some(Delay::Client) => Some(format!("response time {}", highest(&stats.response.ok)?)),
        Some(Delay::Server) => Some(format!("service time {}", highest(&stats.service.ok)?)),
    }
}

/// Where the scenario adds a delay, if it does.
fn planned_delay(run: &Run) -> Option<Delay> {
    (run.scenario == Scenario::LatencyDegradation).then_some(run.delay)
}

/// p95 and the slowest; only the slowest of a few.
fn figures(latency: &Latency) -> Option<String> {
    let slowest = format!("slowest {}", brief(latency.max?));
    match latency.p95.filter(|_| latency.count >= LEAST_FOR_P95) {
        Some(p95) => Some(format!("p95 {}, {slowest}", brief(p95))),
        None => Some(slowest),
    }
}

/// p95; the slowest of a few.
fn highest(latency: &Latency) -> Option<String> {
    let p95 = latency.p95.filter(|_| latency.count >= LEAST_FOR_P95);
    p95.map(|p95| format!("p95 {}", brief(p95))).or_else(|| figures(latency))
}

/// Milliseconds with two significant digits, which is what a sentence needs.
fn brief(ms: f64) -> String {
    match ms {
        ms if ms < 0.995 => format!("{ms:.2} ms"),
        ms if ms < 9.95 => format!("{ms:.1} ms"),
        ms if ms < 9_999.5 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}

/// What is to be known about the requests that did not end, or whose client's side is lost.
fn afterthoughts(stats: &Stats) -> impl Iterator<Item = String> {
    let were = |n: u32| if n == 1 { "was" } else { "were" };
    let Stats { missed, planned, cancelled, .. } = *stats;
    let by_server = stats.recounted.map_or(0, |witnesses| witnesses.by_server);
    let missed = (missed > 0)
        .then(|| format!("{} of {} planned requests {} missed.", count(missed), count(planned), were(missed)));
    let cancelled =
        (cancelled > 0).then(|| format!("{} in flight {} cancelled.", requests(cancelled), were(cancelled)));
    let by_server =
        (by_server > 0).then(|| format!("{} {} seen by the server alone.", requests(by_server), were(by_server)));
    [missed, cancelled, by_server].into_iter().flatten()
}

#[cfg(test)]
mod tests;
