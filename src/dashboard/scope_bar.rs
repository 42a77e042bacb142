//! The choice of what the figures of the dashboard are of.

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::scope::Scope;
use crate::metrics::model::{Origins, OverviewQuery, Range};
use crate::metrics::view::view_filter::origin_title;
use crate::origin::RunId;
use crate::ui::dom::is_plain_click;

/// The choices as links, which work without JavaScript. Every choice is always there, so that none of them moves.
#[component]
pub fn ScopeBar(
    /// What is chosen.
    #[prop(into)]
    scope: Signal<Scope>,
    /// The run that the card shows.
    #[prop(into)]
    run: Signal<Option<RunId>>,
    /// Chooses in the browser.
    on_choose: Callback<Scope>,
) -> impl IntoView {
    let of_run = Signal::derive(move || match scope.get() {
        Scope::Run(run) => Some(Scope::Run(run)),
        Scope::Period(_) => run.get().map(Scope::Run),
    });
    // Each choice of a period keeps the other one, and beside a run all are of five minutes.
    let view = move || match scope.get() {
        Scope::Run(_) => OverviewQuery::default(),
        Scope::Period(view) => view,
    };
    let range = |range: Range| {
        let target = Signal::derive(move || Some(Scope::Period(OverviewQuery { range, ..view() })));
        view! {
            <ScopeChoice
                label=range.title()
                target
                current=Signal::derive(move || target.get() == Some(scope.get()))
                on_choose
            />
        }
    };
    let origin = |origin: Origins| {
        let target = Signal::derive(move || Some(Scope::Period(OverviewQuery { origin, ..view() })));
        view! {
            <ScopeChoice
                label=origin_title(origin)
                target
                current=Signal::derive(move || target.get() == Some(scope.get()))
                on_choose
            />
        }
    };
    let is_run = Signal::derive(move || matches!(scope.get(), Scope::Run(_)));
    view! {
        <nav class="scope-bar" aria-label="Scope">
            <div class="choices" role="group" aria-label="Period">
                <ScopeChoice label="This run" target=of_run current=is_run on_choose />
                {Range::ALL.map(range).collect_view()}
            </div>
            <div class="choices" role="group" aria-label="Requests">
                {[Origins::All, Origins::Real, Origins::Simulated].map(origin).collect_view()}
            </div>
        </nav>
    }
    .into_any()
}

/// One choice. Without a target it can't be chosen.
#[component]
fn ScopeChoice(
    label: &'static str,
    target: Signal<Option<Scope>>,
    current: Signal<bool>,
    on_choose: Callback<Scope>,
) -> impl IntoView {
    let href = move || target.get().map(|scope| scope.link());
    let is_missing = move || target.get().is_none();
    let on_click = move |event: MouseEvent| {
        if let Some(scope) = target.get_untracked().filter(|_| is_plain_click(&event)) {
            event.prevent_default();
            on_choose.run(scope);
        }
    };
    view! {
        <a
            class="view-choice"
            href=href
            aria-current=move || current.get().then_some("true")
            role=move || is_missing().then_some("link")
            aria-disabled=move || is_missing().then_some("true")
            on:click=on_click
        >
            {label}
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "019b76da-a800-7000-8000-000000000000";

    /// The choices that are current, and all addresses.
    fn bar(scope: Scope, run: Option<&str>) -> (Vec<String>, Vec<String>) {
        let run: Option<RunId> = run.map(|run| run.parse().expect("an id"));
        let bar = move || {
            let (scope, run) = (Signal::stored(scope), Signal::stored(run));
            view! { <ScopeBar scope run on_choose=Callback::new(|_| {}) /> }.to_html()
        };
        let html = Owner::new().with(bar);
        let links: Vec<&str> = html.split("<a ").skip(1).collect();
        let label = |link: &&str| {
            link.split_once('>').map(|(_, text)| text.split(['<', '\n']).next().unwrap_or("").trim().to_owned())
        };
        let current = links.iter().filter(|link| link.contains("aria-current=\"true\"")).filter_map(label).collect();
        let href = |link: &&str| Some(link.split_once("href=\"")?.1.split_once('"')?.0.replace("&amp;", "&"));
        (current, links.iter().filter_map(href).collect())
    }

    #[test]
    fn each_choice_keeps_the_other_and_the_current_ones_are_marked() {
        let hour = Scope::Period(OverviewQuery { range: Range::Hour, origin: Origins::Real });
        let (current, links) = bar(hour, None);
        assert_eq!(current, ["1 h", "Real"]);
        let expected = [
            "/?range=1m&origin=real",
            "/?range=5m&origin=real",
            "/?range=1h&origin=real",
            "/?range=24h&origin=real",
            "/?range=1h",
            "/?range=1h&origin=real",
            "/?range=1h&origin=simulated",
        ];
        assert_eq!(links, expected, "there is no run to choose");
    }

    #[test]
    fn a_run_can_be_chosen_and_left() {
        let run = format!("/?run={RUN}");
        let (current, links) = bar(Scope::Period(OverviewQuery::default()), Some(RUN));
        assert_eq!((current, &links[0]), (vec!["5 min".to_owned(), "All".to_owned()], &run));
        let (current, links) = bar(Scope::Run(RUN.parse().expect("an id")), None);
        assert_eq!((current, &links[0], links[2].as_str()), (vec!["This run".to_owned()], &run, "/?range=5m"));
    }
}
