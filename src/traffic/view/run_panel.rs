//! The panel of a run on the card and on the run's page: HTML that is a pure function of the run's newest state. With every
//! snapshot of the stream, the browser replaces the parts that changed (see [`crate::ui::patch`]).

use leptos::server_fn::ServerFn;

use super::connection::Connection;
use super::run_badge::badge;
use super::run_sentences::{accounts, rate_sentence};
use super::settings_text;
use super::verdict::{VerdictLine, lines};
use crate::traffic::model::Run;
use crate::traffic::server_fns::StopTraffic;
use crate::ui::chart::Rows;
use crate::ui::chart::rate::{Rates, rate};
use crate::ui::format::{count, duration, millis};
use crate::ui::table::{attribute, escaped};

pub(crate) struct Panel<'a> {
    /// The newest state of the run.
    pub(crate) run: &'a Run,
    /// How the page is connected to the run.
    pub(crate) connection: Connection,
    /// Why the page does not follow the run at the moment, as HTML; empty if it does, or reconnects by itself.
    pub(crate) trouble: String,
    pub(crate) stopping: bool,
    /// Why the last stop failed, as HTML; empty if it did not.
    pub(crate) stop_fault: String,
    pub(crate) announcement: String,
    /// Is the panel on the card, which has links to go on?
    pub(crate) on_card: bool,
    /// The charts that need the rows of their tables.
    pub(crate) rows: Rows,
}

impl Panel<'_> {
    pub(crate) fn html(&self) -> String {
        let run = self.run;
        let links = if self.on_card { self.links() } else { String::new() };
        [
            self.head(),
            "<div class=\"run-body\">".to_owned(),
            settings_html(run),
            progress_html(run),
            verdict_html(run),
            numbers_html(run),
            rate_html(run, &self.rows),
            format!("<p class=\"ledger-line\" data-part=\"ledger\">{}</p>", accounts(run)),
            format!("<p class=\"visually-hidden\" role=\"status\" data-part=\"status\">{}</p>", self.announcement),
            links,
            "</div>".to_owned(),
        ]
        .concat()
    }

    fn head(&self) -> String {
        let Self { run, connection, trouble, stopping, stop_fault, .. } = self;
        let (state, word) = badge(run.status, run.closed, run.unstored);
        let connected = connection.label();
        let silent = attribute(connected.is_empty(), "hidden");
        let over = attribute(run.status.is_final(), "hidden");
        format!(
            "<div class=\"run-head\"><h2 class=\"run-title\" tabindex=\"-1\">{title}</h2>\
             <span class=\"badge\" data-part=\"badge\" data-state=\"{state}\">{word}</span>\
             <span class=\"connection\" data-part=\"connection\" data-connection=\"{connected}\"{silent}><span class=\"dot\" aria-hidden=\"true\"></span>{connected}</span>\
             <form class=\"stop-form\" method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"job_id\" value=\"{id}\">\
             <button class=\"button danger\" type=\"submit\" data-part=\"stop\" aria-disabled=\"{stopping}\"{over}>{stop}</button></form>\
             <p class=\"error-note\" role=\"alert\" data-part=\"trouble\"{connects}>{trouble}</p>\
             <p class=\"error-note\" role=\"alert\" data-part=\"stop-fault\"{well}>{stop_fault}</p></div>",
            title = run.scenario.title(),
            action = StopTraffic::url(),
            id = run.job_id,
            stop = if *stopping { "Stopping…" } else { "Stop" },
            connects = attribute(trouble.is_empty(), "hidden"),
            well = attribute(stop_fault.is_empty(), "hidden"),
        )
    }

    /// The link to the run's own page, and the button that leads back to the form once the run is closed.
    fn links(&self) -> String {
        let hidden = attribute(!self.run.closed, "hidden");
        format!(
            "<p class=\"run-links\"><a href=\"/runs/{}\">This run's page</a>\
             <button class=\"button\" type=\"button\" data-again data-part=\"again\"{hidden}>Set up another run</button></p>",
            self.run.job_id
        )
    }
}

fn settings_html(run: &Run) -> String {
    format!("<p class=\"run-settings\">{}</p>", escaped(&settings_text::below_title(&run.settings())))
}

fn progress_html(run: &Run) -> String {
    let elapsed = run.stats.elapsed / 1000;
    let total = run.duration;
    let text = if run.status.is_final() {
        format!("ended after {}", duration(elapsed))
    } else {
        format!("{elapsed} s of {total} s · {} left", duration(total.saturating_sub(elapsed)))
    };
    format!(
        "<div class=\"progress\"><progress aria-label=\"Progress of the run\" data-part=\"progress\" max=\"{total}\" value=\"{elapsed}\"></progress>\
         <span class=\"progress-text\" data-part=\"progress-text\">{text}</span></div>"
    )
}

fn numbers_html(run: &Run) -> String {
    let stats = &run.stats;
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
        ("Response time p99", millis(stats.response.ok.p99), ""),
        ("Scheduling delay p99", millis(stats.scheduling_delay_p99), ""),
    ];
    let main = main.map(stat).concat();
    let small = small.map(stat).concat();
    format!("<dl class=\"stats stats-main\">{main}</dl><dl class=\"stats stats-small\">{small}</dl>")
}

fn rate_html(run: &Run, rows: &Rows) -> String {
    let shape = run.settings().shape(run.cap);
    let achieved = Some(&run.stats.sent_per_second[..]);
    let rates = Rates { seconds: run.duration, planned: &shape.corners(), achieved, cap: run.cap };
    rate("Rate over time", rate_sentence(run), &rates).html("rate", rows)
}

/// The verdict, once the run is closed.
fn verdict_html(run: &Run) -> String {
    let lines: String = lines(run).iter().map(line_html).collect();
    format!("<div class=\"verdict\" data-part=\"verdict\"{}>{lines}</div>", attribute(!run.closed, "hidden"))
}

fn line_html(line: &VerdictLine) -> String {
    let tone = line.tone.class();
    let message = escaped(&line.message);
    let mark = line.mark().map(|mark| format!("<span class=\"mark\" aria-hidden=\"true\">{mark}</span>"));
    match mark {
        Some(mark) => format!("<p class=\"verdict-line {tone}\">{mark}<span>{message}</span></p>"),
        None => format!("<p class=\"verdict-line {tone}\">{message}</p>"),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;
    use crate::traffic::engine::scenario::{Delay, Scenario};
    use crate::traffic::engine::stats::Stats;
    use crate::traffic::model::{Endpoints, Reason, Settings, Status};

    fn run(status: Status, closed: bool) -> Run {
        let settings = Settings {
            scenario: Scenario::Peak,
            duration: 30,
            max_rps: 20,
            endpoints: Endpoints::all(),
            seed: 9,
            delay: Delay::Client,
        };
        let stats = Stats { elapsed: 12_300, total_requests: 1234, failed_requests: 2, ..Stats::default() };
        Run { status, closed, stats, ..Run::starting(RunId(Uuid::from_u128(7)), settings, 20, 0) }
    }

    fn html(run: &Run, on_card: bool) -> String {
        let panel = Panel {
            run,
            connection: if run.closed { Connection::Ended } else { Connection::Live },
            trouble: String::new(),
            stopping: false,
            stop_fault: String::new(),
            announcement: String::new(),
            on_card,
            rows: Rows::All,
        };
        panel.html()
    }

    #[test]
    fn an_active_run_has_its_numbers_and_stop() {
        let html = html(&run(Status::Running, false), true);
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
    fn a_closed_run_has_a_verdict_and_no_stop() {
        let reason = Some(Reason::Shutdown);
        let html = html(&Run { reason, ..run(Status::Error, true) }, false);
        assert!(html.contains("data-part=\"stop\" aria-disabled=\"false\" hidden>"), "{html}");
        assert!(html.contains("Ended early: ") && !html.contains("data-part=\"verdict\" hidden"), "{html}");
        assert!(!html.contains("data-again"), "only the card leads back to the form");
    }

    #[test]
    fn parts_have_unique_names_in_every_state() {
        let parts = |html: &str| {
            let mut parts: Vec<_> =
                html.split("data-part=\"").skip(1).map(|rest| rest.split('"').next().map(str::to_owned)).collect();
            parts.sort();
            parts
        };
        let running = parts(&html(&run(Status::Running, false), true));
        let mut once = running.clone();
        once.dedup();
        assert_eq!(running, once);
        assert_eq!(
            running,
            parts(&html(&run(Status::Completed, true), true)),
            "the panel is never replaced as a whole"
        );
    }
}
