//! `/runs/compare?a=&b=`: two runs, their differences, and charts of both in one picture.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::run_page::not_found_status;
use crate::error::AppError;
use crate::origin::RunId;
use crate::traffic::model::RunSummary;
use crate::traffic::outcomes::RunDetails;
use crate::traffic::server_fns::get_run_details;
use crate::traffic::view::comparison::{Difference, ResultTable, enough, results, settings};
use crate::traffic::view::comparison_charts::{ComparedRun, ComparisonCharts};
use crate::traffic::view::run_badge::badge;
use crate::traffic::view::run_figures::title;
use crate::traffic::view::settings_text::beside_name;
use crate::ui::badge::Badge;
use crate::ui::moment::Moment;
use crate::ui::notice::{Empty, Failed};

/// Which runs the address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Chosen {
    /// These two.
    Two(RunId, RunId),
    /// Any other number of runs.
    Others(Vec<RunId>),
}

impl Chosen {
    /// Reads `a` and `b`, or the runs that are ticked in the history: of these the one that started first is A.
    fn of_address(get_all: impl Fn(&str) -> Vec<String>) -> Self {
        let ids = |name: &str| get_all(name).iter().filter_map(|id| id.parse::<RunId>().ok()).collect::<Vec<_>>();
        let mut chosen = [ids("a"), ids("b")].concat();
        if chosen.is_empty() {
            chosen = ids("run");
            chosen.sort_by_key(|RunId(id)| *id);
        }
        chosen.dedup();
        match chosen[..] {
            [a, b] => Self::Two(a, b),
            _ => Self::Others(chosen),
        }
    }
}

/// `/runs/compare`
#[component]
pub fn ComparePage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let chosen = Chosen::of_address(|name| query.get_all(name).unwrap_or_default());
    let content = async move {
        let Chosen::Two(a, b) = chosen else { return view! { <NotTwo chosen /> }.into_any() };
        match (get_run_details(a).await, get_run_details(b).await) {
            (Ok(a), Ok(b)) => view! { <Comparison a b /> }.into_any(),
            (Err(AppError::NotFound), _) | (_, Err(AppError::NotFound)) => {
                not_found_status(&AppError::NotFound);
                let words = "At least one of the runs to compare does not exist. It may have been deleted. ";
                view! { <Empty>{words} <a href="/runs">"Choose two runs"</a></Empty> }.into_any()
            }
            (Err(error), _) | (_, Err(error)) => {
                view! { <Failed what="The runs could not be loaded." error /> }.into_any()
            }
        }
    };
    view! {
        <Title text="Two runs compared · Traffic Simulator" />
        <nav class="crumbs" aria-label="Breadcrumb">
            <a href="/">"Dashboard"</a>
            <span aria-hidden="true">"/"</span>
            <a href="/runs">"Runs"</a>
            <span aria-hidden="true">"/"</span>
            <span aria-current="page">"Compare"</span>
        </nav>
        <h1>"Two runs compared"</h1>
        <Suspense>{Suspend::new(content)}</Suspense>
    }
    .into_any()
}

/// What to do when the address does not ask for two runs.
#[component]
fn NotTwo(chosen: Chosen) -> impl IntoView {
    let ids = if let Chosen::Others(ids) = chosen { ids } else { Vec::new() };
    let (words, link, href) = match ids[..] {
        [] => ("No run is ticked. ".to_owned(), "Choose two runs", "/runs".to_owned()),
        [one] => ("Only one run is ticked. ".to_owned(), "Choose the other one", format!("/runs?a={one}")),
        _ => {
            (format!("{} runs are ticked, and two can be compared. ", ids.len()), "Choose two runs", "/runs".to_owned())
        }
    };
    view! { <Empty>{words} <a href=href>{link}</a></Empty> }
}

#[component]
fn Comparison(a: RunDetails, b: RunDetails) -> impl IntoView {
    let runs = [&a, &b].map(|side| ComparedRun::new(&side.run, &side.timeline));
    let (a, b) = (a.run, b.run);
    let swapped = format!("/runs/compare?a={}&b={}", b.job_id, a.job_id);
    let results = results(&a, &b);
    let differing = settings(&a, &b);
    let too_few = "One of the runs has fewer than 100 responses: too few to call a change better or worse.";
    view! {
        <div class="compared-runs">
            <ComparedHead letter="A" run=RunSummary::from(&a) />
            <a class="button" href=swapped>
                "Swap A and B"
            </a>
            <ComparedHead letter="B" run=RunSummary::from(&b) />
        </div>
        <div class="comparison">
            <section class="card" aria-labelledby="differences-title">
                <h2 class="card-title" id="differences-title">
                    "Differences"
                </h2>
                <DifferingSettings differing />
                {(!enough(&a, &b)).then(|| view! { <p class="help">{too_few}</p> })}
                <ResultTable results />
            </section>
            <ComparisonView runs />
        </div>
    }
}

/// One of the runs: what it is called, when it ran, and what was noted about it.
#[component]
fn ComparedHead(letter: &'static str, run: RunSummary) -> impl IntoView {
    let in_short = beside_name(&run);
    let (state, label) = badge(run.status, run.closed, run.unstored);
    let note = run.note.map(|note| view! { <p class="run-note">{note}</p> });
    view! {
        <section class="card compared-run" data-side=letter aria-label=format!("Run {letter}")>
            <strong class="compared-letter">{letter}</strong>
            <a href=format!("/runs/{}", run.job_id)>{title(run.name.as_deref(), run.scenario)}</a>
            <Badge state=Signal::stored(state) label=Signal::stored(label) />
            <p class="help">
                <Moment at=Signal::stored(run.start_time) />
                " UTC · "
                {in_short}
            </p>
            {note}
        </section>
    }
}

/// The settings in which the runs differ: what explains a different result.
#[component]
fn DifferingSettings(differing: Vec<Difference>) -> impl IntoView {
    if differing.is_empty() {
        return view! { <p>"Both runs have the same settings."</p> }.into_any();
    }
    let setting = |Difference { what, values, .. }| {
        view! {
            <li>
                <strong>{what}</strong>
                " "
                {values}
            </li>
        }
    };
    view! {
        <p>"These settings differ:"</p>
        <ul class="differing">{differing.into_iter().map(setting).collect_view()}</ul>
    }
    .into_any()
}

/// The charts, which can be read with the pointer and zoomed.
#[island]
fn ComparisonView(
    /// The first and the second run.
    runs: [ComparedRun; 2],
) -> impl IntoView {
    view! { <ComparisonCharts runs /> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_are_asked_for_by_letter_or_ticked() {
        let id = |number: u8| format!("019b76da-a800-7000-8000-0000000000{number:02}");
        let run = |number: u8| id(number).parse::<RunId>().expect("an id");
        let chosen = |pairs: &[(&str, String)]| {
            Chosen::of_address(|name| {
                pairs.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.clone()).collect()
            })
        };
        assert_eq!(chosen(&[("b", id(1)), ("a", id(2))]), Chosen::Two(run(2), run(1)), "as they are asked for");
        assert_eq!(chosen(&[("run", id(2)), ("run", id(1))]), Chosen::Two(run(1), run(2)), "the older one is A");
        assert_eq!(chosen(&[("run", id(2)), ("run", id(2))]), Chosen::Others(vec![run(2)]));
        assert_eq!(chosen(&[("a", id(2)), ("b", "x".to_owned())]), Chosen::Others(vec![run(2)]));
        assert_eq!(chosen(&[]), Chosen::Others(Vec::new()));
        let three = chosen(&[("run", id(1)), ("run", id(2)), ("run", id(3))]);
        assert_eq!(three, Chosen::Others(vec![run(1), run(2), run(3)]));
    }
}
