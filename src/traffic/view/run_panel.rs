//! A run as the card and the run's page show it, as HTML: a pure function of its newest state. In the browser it is
//! taken over part by part (see [`crate::ui::patch`]), at every snapshot of the stream.

use leptos::server_fn::ServerFn;

use super::run_badge::words;
use super::settings_words;
use super::settings_words::planned_rate_of;
use super::verdict::{Line, lines};
use crate::traffic::model::Run;
use crate::traffic::page::run_feed::Connection;
use crate::traffic::server_fns::StopTraffic;
use crate::ui::chart::Rows;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::format::{count, duration, millis};
use crate::ui::table::escaped;

/// What the panel shows.
pub(crate) struct Panel<'a> {
    /// The run.
    pub(crate) job: &'a Run,
    /// How the page is connected to it.
    pub(crate) connection: Connection,
    /// Why the page does not follow the run at the moment, as HTML; empty when it does, or tries to.
    pub(crate) trouble: String,
    /// A stop is under way.
    pub(crate) stopping: bool,
    /// Why the last stop came to nothing, as HTML; empty when it did not.
    pub(crate) stop_fault: String,
    /// What a screen reader hears.
    pub(crate) announcement: String,
    /// It stands on the card, from which ways lead on.
    pub(crate) on_card: bool,
    /// The charts whose points are wanted as rows.
    pub(crate) rows: Rows,
}

impl Panel<'_> {
    /// As HTML.
    pub(crate) fn html(&self) -> String {
        let job = self.job;
        let links = if self.on_card { self.links() } else { String::new() };
        [
            self.head(),
            "<div class=\"run-body\">".to_owned(),
            settings_html(job),
            progress_html(job),
            verdict_html(job),
            numbers_html(job),
            rate_html(job, &self.rows),
            format!("<p class=\"ledger-line\" data-part=\"ledger\">{}</p>", ledger(job)),
            format!("<p class=\"visually-hidden\" role=\"status\" data-part=\"status\">{}</p>", self.announcement),
            links,
            "</div>".to_owned(),
        ]
        .concat()
    }

    /// The title, the state, and Stop.
    fn head(&self) -> String {
        let Self { job, connection, trouble, stopping, stop_fault, .. } = self;
        let (state, word) = words(job.status, job.closed, job.unstored);
        let (connected, silent) = (connection.words(), mark(connection.words().is_empty(), "hidden"));
        let over = mark(job.status.is_final(), "hidden");
        format!(
            "<div class=\"run-head\"><h2 class=\"run-title\" tabindex=\"-1\">{title}</h2>\
             <span class=\"badge\" data-part=\"badge\" data-state=\"{state}\">{word}</span>\
             <span class=\"connection\" data-part=\"connection\" data-connection=\"{connected}\"{silent}><span class=\"dot\" aria-hidden=\"true\"></span>{connected}</span>\
             <form class=\"stop-form\" method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"job_id\" value=\"{id}\">\
             <button class=\"button danger\" type=\"submit\" data-part=\"stop\" aria-disabled=\"{stopping}\"{over}>{stop}</button></form>\
             <p class=\"error-note\" role=\"alert\" data-part=\"trouble\"{connects}>{trouble}</p>\
             <p class=\"error-note\" role=\"alert\" data-part=\"stop-fault\"{well}>{stop_fault}</p></div>",
            title = job.scenario.title(),
            action = StopTraffic::url(),
            id = job.job_id,
            stop = if *stopping { "Stopping…" } else { "Stop" },
            connects = mark(trouble.is_empty(), "hidden"),
            well = mark(stop_fault.is_empty(), "hidden"),
        )
    }

    /// On the card: the way to the run's own page, and back to the form when the run is closed.
    fn links(&self) -> String {
        let hidden = mark(!self.job.closed, "hidden");
        format!(
            "<p class=\"run-links\"><a href=\"/runs/{}\">This run's page</a>\
             <button class=\"button\" type=\"button\" data-again data-part=\"again\"{hidden}>Set up another run</button></p>",
            self.job.job_id
        )
    }
}

fn mark(chosen: bool, word: &str) -> String {
    if chosen { format!(" {word}") } else { String::new() }
}

fn settings_html(job: &Run) -> String {
    format!("<p class=\"run-settings\">{}</p>", escaped(&settings_words::below_title(&job.settings())))
}

fn progress_html(job: &Run) -> String {
    let (elapsed, total) = (job.stats.elapsed / 1000, job.duration);
    let text = if job.status.is_final() {
        format!("ended after {}", duration(elapsed))
    } else {
        format!("{elapsed} s of {total} s · {} left", duration(total.saturating_sub(elapsed)))
    };
    format!(
        "<div class=\"progress\"><progress aria-label=\"Progress of the run\" data-part=\"progress\" max=\"{total}\" value=\"{elapsed}\"></progress>\
         <span class=\"progress-text\" data-part=\"progress-text\">{text}</span></div>"
    )
}

fn numbers_html(job: &Run) -> String {
    let stats = &job.stats;
    let failed_tone = if stats.failed_requests > 0 { "bad" } else { "" };
    let stat = |(label, value, tone): (&str, String, &str)| {
        format!("<div class=\"stat\"><dt>{label}</dt><dd data-part=\"{label}\" data-tone=\"{tone}\">{value}</dd></div>")
    };
    let main = [
        ("Total requests", count(stats.total_requests), ""),
        ("Successful", count(stats.successful_requests), ""),
        ("Failed", count(stats.failed_requests), failed_tone),
        ("Average latency", millis(stats.avg_latency), ""),
        ("Current RPS", count(stats.current_rps), ""),
    ];
    let small = [
        ("p50", millis(stats.service.ok.p50), ""),
        ("p95", millis(stats.service.ok.p95), ""),
        ("p99", millis(stats.service.ok.p99), ""),
        ("Response p99", millis(stats.response.ok.p99), ""),
        ("Lag p99", millis(stats.scheduling_delay_p99), ""),
    ];
    let (main, small) = (main.map(stat).concat(), small.map(stat).concat());
    format!("<dl class=\"stats stats-main\">{main}</dl><dl class=\"stats stats-small\">{small}</dl>")
}

fn rate_html(job: &Run, rows: &Rows) -> String {
    let shape = job.settings().shape(job.cap);
    let achieved = Some(&job.stats.sent_per_second[..]);
    let rates = Rates { seconds: job.duration, planned: &shape.corners(), achieved, cap: job.cap };
    rate("Rate over time", rate_sentence(job), &rates).html("rate", rows)
}

fn rate_sentence(job: &Run) -> String {
    let (seconds, planned) = (&job.stats.sent_per_second, planned_rate_of(job));
    let Some(highest) = seconds.iter().max() else {
        return format!("Planned: {planned}. The first second is not over.");
    };
    let mean = f64::from(seconds.iter().sum::<u32>()) / seconds.len() as f64;
    format!(
        "Planned: {planned}. Sent: {mean:.1} per second on average, at most {highest} within one second of the clock."
    )
}

/// The accounts of the run as they stand while it goes on.
fn ledger(job: &Run) -> String {
    let stats = &job.stats;
    let open = if job.status.is_final() {
        format!("{} not reached", count(stats.not_reached))
    } else {
        format!("{} in flight", stats.in_flight)
    };
    let cancelled =
        if stats.cancelled > 0 { format!(" · {} cancelled", count(stats.cancelled)) } else { String::new() };
    let waited = |slots: u32, what: &str| {
        if slots > 0 { format!(" · {} had to wait {what}", count(slots)) } else { String::new() }
    };
    let at_gate = waited(stats.gate_refusals, "at the gate");
    let for_answers = waited(stats.in_flight_refusals, "for earlier answers");
    format!(
        "{} planned · {} sent · {} missed · {open}{cancelled}{at_gate}{for_answers}",
        count(stats.planned),
        count(stats.sent),
        count(stats.missed)
    )
}

/// The result in words, once the run is closed.
fn verdict_html(job: &Run) -> String {
    let lines: String = lines(job).iter().map(line).collect();
    format!("<div class=\"verdict\" data-part=\"verdict\"{}>{lines}</div>", mark(!job.closed, "hidden"))
}

/// With a mark that says it, too.
fn line(line: &Line) -> String {
    let (tone, words) = (line.tone.class(), escaped(&line.words));
    let mark = line.mark().map(|mark| format!("<span class=\"mark\" aria-hidden=\"true\">{mark}</span>"));
    match mark {
        Some(mark) => format!("<p class=\"verdict-line {tone}\">{mark}<span>{words}</span></p>"),
        None => format!("<p class=\"verdict-line {tone}\">{words}</p>"),
    }
}

/// The one thing a screen reader hears of the numbers: a sentence.
pub(crate) fn announcement(job: &Run, stale: bool) -> String {
    let stats = &job.stats;
    let so_far = format!("{} requests, {} failed.", stats.total_requests, stats.failed_requests);
    if job.closed {
        format!("The run is {}: {so_far}", job.status.wire_name())
    } else if job.unstored {
        "The run is finished, not stored yet: the database can't be written. It is tried again until it can.".to_owned()
    } else if job.status.is_final() {
        "The run has ended and is being closed.".to_owned()
    } else if stale {
        "The connection to the server is lost; trying again.".to_owned()
    } else {
        format!("The run is going on: {} seconds of {}, {so_far}", stats.elapsed / 1000, job.duration)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::engine::stats::Stats;
    use crate::traffic::model::{Endpoints, Reason, Status};

    fn job(status: Status, closed: bool) -> Run {
        Run {
            job_id: RunId(Uuid::from_u128(7)),
            status,
            reason: None,
            scenario: Scenario::Peak,
            duration: 30,
            max_rps: 20,
            endpoints: Endpoints::all(),
            seed: 9,
            delay: Delay::Client,
            cap: 20,
            start_time: 0,
            end_time: None,
            closed,
            unstored: false,
            stats: Stats { elapsed: 12_300, total_requests: 1234, failed_requests: 2, ..Stats::default() },
            stop_took: None,
        }
    }

    fn html(job: &Run, on_card: bool) -> String {
        let (stop_fault, announcement) = (String::new(), String::new());
        let connection = if job.closed { Connection::Ended } else { Connection::Live };
        let trouble = String::new();
        Panel { job, connection, trouble, stopping: false, stop_fault, announcement, on_card, rows: Rows::All }.html()
    }

    #[test]
    fn a_run_that_goes_on_has_its_numbers_and_stop() {
        let html = html(&job(Status::Running, false), true);
        for part in [
            "data-state=\"running\">running</span>",
            "data-part=\"stop\" aria-disabled=\"false\">Stop</button>",
            "12 s of 30 s · 18 s left",
            "<dd data-part=\"Total requests\" data-tone=\"\">1\u{202f}234</dd>",
            "<dd data-part=\"Failed\" data-tone=\"bad\">2</dd>",
            "data-part=\"verdict\" hidden></div>",
            "data-part=\"again\" hidden>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn a_closed_run_has_its_verdict_and_no_stop() {
        let reason = Some(Reason::Shutdown);
        let html = html(&Run { reason, ..job(Status::Error, true) }, false);
        assert!(html.contains("data-part=\"stop\" aria-disabled=\"false\" hidden>"), "{html}");
        assert!(html.contains("Ended early: ") && !html.contains("data-part=\"verdict\" hidden"), "{html}");
        assert!(!html.contains("data-again"), "only the card leads back to its form");
    }

    #[test]
    fn parts_have_names_of_their_own_in_every_state() {
        let parts = |html: &str| {
            let mut parts: Vec<_> =
                html.split("data-part=\"").skip(1).map(|rest| rest.split('"').next().map(str::to_owned)).collect();
            parts.sort();
            parts
        };
        let running = parts(&html(&job(Status::Running, false), true));
        let mut once = running.clone();
        once.dedup();
        assert_eq!(running, once);
        assert_eq!(
            running,
            parts(&html(&job(Status::Completed, true), true)),
            "nothing of it is ever replaced as a whole"
        );
    }

    #[test]
    fn only_slots_that_waited_at_the_gate_are_said_to_have_waited_there() {
        let mut job = job(Status::Running, false);
        job.stats.in_flight_refusals = 7;
        let line = ledger(&job);
        assert!(line.ends_with("7 had to wait for earlier answers") && !line.contains("at the gate"), "{line}");
        job.stats.gate_refusals = 3;
        assert!(ledger(&job).contains("3 had to wait at the gate"), "{}", ledger(&job));
    }

    #[test]
    fn what_is_announced_names_the_state() {
        let running = job(Status::Running, false);
        assert_eq!(announcement(&running, false), "The run is going on: 12 seconds of 30, 1234 requests, 2 failed.");
        assert!(announcement(&running, true).contains("connection"));
        assert!(announcement(&job(Status::Completed, true), false).starts_with("The run is completed: 1234"));
    }
}
