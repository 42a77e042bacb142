//! Two runs compared, number by number: "p95 2.10 → 2.69 ms (+28 %, worse)".

use leptos::prelude::*;

use super::settings_text;
use super::verdict::short;
use crate::traffic::model::{Run, RunSummary};
use crate::ui::format::{count, duration, millis, percent};
use crate::ui::table::{DataTable, Heads};
use crate::ui::tone::Tone;

/// Fewer responses than this, in either run, say too little about percentiles and shares to be judged.
const ENOUGH: u32 = 100;
/// Of fewer responses than this, the 99th percentile is decided by a few.
const ENOUGH_FOR_P99: u32 = 1000;
/// A smaller change of a latency is noise: a share of the first run's.
const NOTABLE: f64 = 0.1;
/// A smaller change of the share of failures is not worth a word.
const NOTABLE_SHARE: f64 = 0.01;
/// A change of the share of failures of fewer standard deviations than this is chance.
const CHANCE: f64 = 2.0;

/// One value of both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The setting or number that is compared.
    pub what: &'static str,
    /// The value, or both values if they differ: `2.10 → 2.69 ms`.
    pub values: String,
    /// How the second value stands to the first, in words; empty if there is nothing to say.
    pub change: String,
    /// Whether the change is good or bad news.
    pub tone: Tone,
}

/// Both values, with their unit once. One value if they are the same.
fn both(a: &str, b: &str) -> String {
    match (a.rsplit_once(' '), b.rsplit_once(' ')) {
        _ if a == b => a.to_owned(),
        (Some((a, unit)), Some((b, same))) if unit == same => format!("{a} → {b} {unit}"),
        _ => format!("{a} → {b}"),
    }
}

fn text(what: &'static str, a: &str, b: &str) -> Difference {
    let values = if a == b { a.to_owned() } else { format!("{a} → {b}") };
    Difference { what, values, change: String::new(), tone: Tone::Plain }
}

/// Two values that end in their units.
fn measured(what: &'static str, a: &str, b: &str) -> Difference {
    Difference { values: both(a, b), ..text(what, a, b) }
}

/// How many times as much, or by how many percent more or less.
fn relative(a: f64, b: f64) -> String {
    let ratio = b / a;
    match (ratio - 1.0) * 100.0 {
        _ if ratio >= 10.0 => format!("×{ratio:.0}"),
        _ if ratio >= 2.0 => format!("×{ratio:.1}"),
        more if more.abs() < 0.5 => "about the same".to_owned(),
        more if more > 0.0 => format!("+{more:.0} %"),
        less => format!("−{:.0} %", less.abs()),
    }
}

/// More is worse here, if the change is `notable`.
fn judged(change: String, more: bool, notable: bool) -> (String, Tone) {
    match (notable, more) {
        (false, _) => (change, Tone::Plain),
        (true, true) => (format!("{change}, worse"), Tone::Bad),
        (true, false) => (format!("{change}, better"), Tone::Good),
    }
}

fn number(what: &'static str, a: u32, b: u32) -> Difference {
    let change = match (a, b) {
        (a, b) if a == b => "the same".to_owned(),
        (0, b) => format!("+{}", count(b)),
        (a, b) => relative(a.into(), b.into()),
    };
    Difference { change, ..measured(what, &count(a), &count(b)) }
}

/// A number of which each one is bad news.
fn faults(what: &'static str, a: u32, b: u32) -> Difference {
    let plain = number(what, a, b);
    let (change, tone) = judged(plain.change, b > a, a != b);
    Difference { change, tone, ..plain }
}

fn latency(what: &'static str, a: Option<f64>, b: Option<f64>, enough: bool) -> Difference {
    let (change, tone) = match (a, b) {
        (Some(a), Some(b)) if a > 0.0 => judged(relative(a, b), b > a, enough && ((b - a) / a).abs() >= NOTABLE),
        _ => (String::new(), Tone::Plain),
    };
    Difference { change, tone, ..measured(what, &millis(a), &millis(b)) }
}

/// How many of how many requests failed.
type Failures = (u32, u32);

/// The share of failures, if there is a response.
fn failure_rate((failed, total): Failures) -> Option<f64> {
    (total > 0).then(|| f64::from(failed) / f64::from(total))
}

/// Is the difference of the shares more than chance? By the standard deviation of a difference of two proportions.
fn more_than_chance(a: Failures, b: Failures) -> bool {
    let (Some(rate_a), Some(rate_b)) = (failure_rate(a), failure_rate(b)) else { return false };
    let (of_a, of_b) = (f64::from(a.1), f64::from(b.1));
    let pooled = f64::from(a.0 + b.0) / (of_a + of_b);
    let deviation = (pooled * (1.0 - pooled) * (1.0 / of_a + 1.0 / of_b)).sqrt();
    (rate_b - rate_a).abs() >= NOTABLE_SHARE.max(CHANCE * deviation)
}

fn share(what: &'static str, a: Failures, b: Failures) -> Difference {
    let rates = (failure_rate(a), failure_rate(b));
    let (change, tone) = match rates {
        (Some(a), Some(b)) if a == b => ("the same".to_owned(), Tone::Plain),
        (Some(rate_a), Some(rate_b)) => {
            let sign = if rate_b > rate_a { '+' } else { '−' };
            let points = format!("{sign}{:.1} points", ((rate_b - rate_a) * 100.0).abs());
            let notable = a.1.min(b.1) >= ENOUGH && more_than_chance(a, b);
            judged(points, rate_b > rate_a, notable)
        }
        _ => (String::new(), Tone::Plain),
    };
    Difference { change, tone, ..measured(what, &percent(rates.0), &percent(rates.1)) }
}

/// The settings in which two runs differ. The seed comes last: it is drawn for each run.
pub fn settings(a: &Run, b: &Run) -> Vec<Difference> {
    let (x, y) = (a.settings(), b.settings());
    let delay = |run: &Run| settings_text::delay(run.scenario, run.delay).unwrap_or("no delay");
    let rate = |rate: u32| format!("{rate} /s");
    let all = [
        text("Scenario", x.scenario.title(), y.scenario.title()),
        measured("Duration", &duration(x.duration), &duration(y.duration)),
        measured("Max RPS", &rate(x.max_rps), &rate(y.max_rps)),
        measured("Cap", &rate(a.cap), &rate(b.cap)),
        text("Endpoints", &x.endpoints.title(), &y.endpoints.title()),
        text("Delay", delay(a), delay(b)),
        text("Seed", &x.seed.to_string(), &y.seed.to_string()),
    ];
    let differ = [
        x.scenario != y.scenario,
        x.duration != y.duration,
        x.max_rps != y.max_rps,
        a.cap != b.cap,
        x.endpoints != y.endpoints,
        delay(a) != delay(b),
        x.seed != y.seed,
    ];
    all.into_iter().zip(differ).filter_map(|(setting, differs)| differs.then_some(setting)).collect()
}

/// Do both runs have enough responses to be judged?
pub fn enough(a: &Run, b: &Run) -> bool {
    fewest(a, b) >= ENOUGH
}

/// The responses of the run that has fewer.
fn fewest(a: &Run, b: &Run) -> u32 {
    a.stats.total_requests.min(b.stats.total_requests)
}

/// The results of two runs.
pub fn results(a: &Run, b: &Run) -> Vec<Difference> {
    let (x, y) = (&a.stats, &b.stats);
    let enough = enough(a, b);
    let enough_for_p99 = fewest(a, b) >= ENOUGH_FOR_P99;
    let failures = |run: &Run| (run.stats.failed_requests, run.stats.total_requests);
    let verdict = |run: &Run| short(&RunSummary::from(run));
    let (verdict_a, verdict_b) = (verdict(a), verdict(b));
    let most = |run: &Run| run.stats.audit.as_ref().and_then(|audit| audit.most_in_any_second);
    let most = |run: &Run| most(run).map_or("–".to_owned(), |most| most.to_string());
    vec![
        latency("p50", x.service.ok.p50, y.service.ok.p50, enough),
        latency("p95", x.service.ok.p95, y.service.ok.p95, enough),
        latency("p99", x.service.ok.p99, y.service.ok.p99, enough_for_p99),
        latency("Slowest", x.service.ok.max, y.service.ok.max, false),
        share("Failure rate", failures(a), failures(b)),
        number("Failed requests", x.failed_requests, y.failed_requests),
        number("Successful requests", x.successful_requests, y.successful_requests),
        number("Planned", x.planned, y.planned),
        number("Sent", x.sent, y.sent),
        faults("Missed", x.missed, y.missed),
        latency("Average latency", x.avg_latency, y.avg_latency, enough),
        latency("Response time p99", x.response.ok.p99, y.response.ok.p99, enough_for_p99),
        latency("Scheduling delay p99", x.scheduling_delay_p99, y.scheduling_delay_p99, false),
        text("Most arrivals in any second", &most(a), &most(b)),
        Difference { tone: verdict_b.tone, ..text("Verdict", &verdict_a.text(), &verdict_b.text()) },
    ]
}

/// The results of two runs as a table.
#[component]
pub fn ResultTable(
    /// What is compared.
    results: Vec<Difference>,
) -> impl IntoView {
    let row = |Difference { what, values, change, tone }| {
        view! {
            <tr>
                <th scope="row">{what}</th>
                <td data-head="A → B">{values}</td>
                <td data-head="Change" data-tone=tone.name()>
                    {change}
                </td>
            </tr>
        }
    };
    view! {
        <DataTable label="Results of both runs" class="compared">
            <Heads names=vec!["Result", "A → B", "Change"] />
            <tbody>{results.into_iter().map(row).collect_view()}</tbody>
        </DataTable>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    fn words(difference: Difference) -> (String, String, Tone) {
        (difference.values, difference.change, difference.tone)
    }

    #[test]
    fn a_latency_says_from_what_to_what_and_whether_that_is_worse() {
        let rows = [
            (Some(2.10), Some(2.69), true, ("2.10 → 2.69 ms", "+28 %, worse", Tone::Bad)),
            (Some(2.0), Some(1.0), true, ("2.00 → 1.00 ms", "−50 %, better", Tone::Good)),
            (Some(2.0), Some(2.1), true, ("2.00 → 2.10 ms", "+5 %", Tone::Plain)),
            (Some(2.0), Some(2.001), true, ("2.00 ms", "about the same", Tone::Plain)),
            (Some(2.0), Some(3.0), false, ("2.00 → 3.00 ms", "+50 %", Tone::Plain)),
            (Some(2.0), Some(5.0), true, ("2.00 → 5.00 ms", "×2.5, worse", Tone::Bad)),
            (Some(2.0), Some(12_000.0), true, ("2.00 ms → 12.0 s", "×6000, worse", Tone::Bad)),
            (None, Some(1.0), true, ("– → 1.00 ms", "", Tone::Plain)),
        ];
        for (a, b, enough, (values, change, tone)) in rows {
            let expected = (values.to_owned(), change.to_owned(), tone);
            assert_eq!(words(latency("p95", a, b, enough)), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn counts_and_shares_say_how_b_stands_to_a() {
        let expected = |values: &str, change: &str, tone| (values.to_owned(), change.to_owned(), tone);
        assert_eq!(words(number("x", 5, 5)), expected("5", "the same", Tone::Plain));
        assert_eq!(words(number("x", 0, 1205)), expected("0 → 1\u{202f}205", "+1\u{202f}205", Tone::Plain));
        assert_eq!(words(number("x", 100, 70)), expected("100 → 70", "−30 %", Tone::Plain));
        assert_eq!(words(faults("x", 0, 2)), expected("0 → 2", "+2, worse", Tone::Bad));
        let shares = |a, b| words(share("x", a, b));
        assert_eq!(shares((47, 1000), (135, 1000)), expected("4.7 → 13.5 %", "+8.8 points, worse", Tone::Bad));
        assert_eq!(shares((135, 1000), (47, 1000)), expected("13.5 → 4.7 %", "−8.8 points, better", Tone::Good));
        assert_eq!(shares((20, 158), (21, 119)), expected("12.7 → 17.6 %", "+5.0 points", Tone::Plain), "chance");
        assert_eq!(shares((0, 20), (20, 20)), expected("0.0 → 100.0 %", "+100.0 points", Tone::Plain), "too few");
        assert_eq!(shares((10, 100), (20, 200)), expected("10.0 %", "the same", Tone::Plain));
        assert_eq!(shares((0, 0), (1, 200)), expected("– → 0.5 %", "", Tone::Plain));
    }

    #[test]
    fn only_settings_that_differ_are_named() {
        let a = fixture::run(Status::Completed, true);
        assert_eq!(settings(&a, &a), []);
        let b = Run { duration: 60, max_rps: 10, seed: 7, ..a.clone() };
        let named: Vec<_> = settings(&a, &b).into_iter().map(|one| format!("{} {}", one.what, one.values)).collect();
        assert_eq!(named, ["Duration 30 s → 1 min", "Max RPS 20 → 10 /s", "Seed 9 → 7"]);
        assert!(enough(&a, &b));
        assert_eq!(results(&a, &b).len(), 15);
    }
}
