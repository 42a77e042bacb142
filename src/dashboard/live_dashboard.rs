//! The dashboard in the browser. It is one island, because signals don't cross the border of an island: the strip, the card
//! and the board show the same snapshot of a run, and the charts share their crosshair.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::UrlSearchParams;
use web_sys::wasm_bindgen::JsValue;

use super::board::BoardData;
use super::health_feed::HealthFeed;
use super::live_board::BoardFeed;
use super::period_board::PeriodBoard;
use super::run_board::RunBoard;
use super::scope::Scope;
use super::scope_bar::ScopeBar;
use crate::error::AppError;
use crate::metrics::health_model::Health;
use crate::metrics::model::OverviewQuery;
use crate::metrics::view::health::HealthCharts;
use crate::metrics::view::newest_requests::NewestRequests;
use crate::origin::RunId;
use crate::refreshed::Refreshed;
use crate::traffic::model::Run;
use crate::traffic::outcomes::{CardState, RunDetails};
use crate::traffic::page::announcer::Announcer;
use crate::traffic::page::card::{TrafficSimulatorCard, new_run};
use crate::traffic::page::run_feed::RunFeed;
use crate::traffic::page::run_strip::RunStrip;
use crate::traffic::page::run_title::follow_title;
use crate::traffic::server_fns::get_run;
use crate::traffic::start_request::StartForm;
use crate::traffic::view::newest_runs::NewestRuns;
use crate::ui::chart::table::TableLinks;
use crate::ui::connection_banner::ConnectionBanner;

/// The strip, the card and the board.
#[island]
pub(super) fn LiveDashboard(
    /// The card when the page was rendered.
    card: CardState,
    /// What the figures are of.
    scope: Scope,
    /// The board when the page was rendered.
    board: Result<Refreshed<BoardData>, AppError>,
    /// The run of the scope, if it is a run.
    details: Option<Result<RunDetails, AppError>>,
    /// A refused form, or one to run again.
    returned: Option<StartForm>,
    /// Why the form was refused, if it was.
    refused: Option<String>,
    /// The health of simulator and database, if the page was asked for it.
    health: Option<Result<Health, AppError>>,
    /// The links that open the charts' tables.
    tables: TableLinks,
) -> impl IntoView {
    provide_context(tables);
    let feed = RunFeed::new(card.shown().cloned());
    let board = BoardFeed::new(board, scope.view());
    let dashboard = DashboardSignals { feed, board, scope: RwSignal::new(scope), chosen: RwSignal::new(false) };
    dashboard.start();
    follow_title(feed);
    let details = StoredValue::new(details);
    let requests = Signal::derive(move || board.data(|data| data.requests.clone()));
    let runs = Signal::derive(move || board.data(|data| data.runs.clone()));
    let view = Signal::derive(move || dashboard.scope.get().view());
    let range = Signal::derive(move || view.get().range);
    let health = HealthFeed::new(health, range);
    let content = move || match dashboard.scope.get() {
        Scope::Run(id) => view! { <RunBoard id feed first=details.get_value() /> }.into_any(),
        Scope::Period(_) => view! { <PeriodBoard board /> }.into_any(),
    };
    view! {
        <ConnectionBanner quiet_for=dashboard.quiet_for() fault=dashboard.fault() retry=dashboard.retry() />
        <RunStrip feed new_run=Callback::new(move |()| dashboard.new_run()) />
        <Announcer feed />
        <div class="dashboard">
            <TrafficSimulatorCard feed state=card returned refused />
            <div class="board">
                <ScopeBar
                    scope=dashboard.scope
                    run=Signal::derive(move || dashboard.current())
                    on_choose=Callback::new(move |scope| dashboard.choose(scope))
                />
                {content}
            </div>
            <div class="below">
                <NewestRequests requests view />
                <NewestRuns runs />
                <HealthCharts
                    health=health.health
                    open=health.open
                    href=Signal::derive(move || dashboard.health_link(health.open.get()))
                    on_toggle=Callback::new(move |()| health.toggle())
                />
            </div>
        </div>
    }
    .into_any()
}

/// What the parts of the dashboard share.
#[derive(Clone, Copy)]
struct DashboardSignals {
    /// The run that card and strip show.
    feed: RunFeed,
    board: BoardFeed,
    /// What the figures are of.
    scope: RwSignal<Scope>,
    /// Has somebody chosen the scope? Then a run that starts elsewhere does not change it.
    chosen: RwSignal<bool>,
}

impl DashboardSignals {
    /// The id of the run that card and strip show.
    fn current(self) -> Option<RunId> {
        self.feed.run.with(|run| run.as_ref().map(|run| run.job_id))
    }

    /// Follows the runs that start, here and elsewhere, and the address. Does nothing on the server.
    fn start(self) {
        let current = Memo::new(move |_| self.current());
        Effect::watch(
            move || current.get(),
            move |now, before, _| self.run_changed(*now, before.copied().flatten()),
            false,
        );
        let active = self.board.active;
        Effect::watch(
            move || active.get(),
            move |id, _, _| {
                if let Some(id) = id.filter(|id| Some(*id) != current.get_untracked()) {
                    self.follow(id);
                }
            },
            true,
        );
        Effect::new(move |_| {
            // The listener lives as long as the page.
            let _ = window_event_listener(ev::popstate, move |_| self.show(self.scope_in_address()));
        });
    }

    /// Shows a run that was started elsewhere.
    fn follow(self, id: RunId) {
        spawn_local(async move {
            if let Ok(run) = get_run(id).await {
                self.accept(run);
            }
        });
    }

    fn accept(self, run: Run) {
        let is_known = self.feed.run.try_get_untracked().flatten().is_some_and(|known| known.job_id == run.job_id);
        if !is_known {
            self.feed.follow(run);
        }
    }

    /// Another run is shown, or none. The figures follow, unless somebody has chosen what they are of while no run was shown.
    fn run_changed(self, now: Option<RunId>, before: Option<RunId>) {
        let of_the_run_before = before.is_some_and(|before| self.scope.get_untracked() == Scope::Run(before));
        match now {
            Some(run) if of_the_run_before || !self.chosen.get_untracked() => self.show(Scope::Run(run)),
            None if of_the_run_before => self.show(Scope::Period(OverviewQuery::default())),
            _ => {}
        }
    }

    /// Back to the form.
    fn new_run(self) {
        self.chosen.set(false);
        new_run(self.feed);
    }

    /// Shows a scope that somebody has chosen. The address follows.
    fn choose(self, scope: Scope) {
        self.chosen.set(true);
        if let Ok(history) = window().history() {
            // Without a history the choice is not in the address, and that is all.
            history.push_state_with_url(&JsValue::NULL, "", Some(&scope.link())).ok();
        }
        self.show(scope);
    }

    fn show(self, scope: Scope) {
        if self.scope.get_untracked() != scope {
            self.scope.set(scope);
        }
        if let Scope::Period(view) = scope {
            self.board.set_view(view);
        }
    }

    fn scope_in_address(self) -> Scope {
        let query = window().location().search().ok();
        let query = query.and_then(|query| UrlSearchParams::new_with_str(&query).ok());
        Scope::read(|name| query.as_ref().and_then(|query| query.get(name)), untrack(|| self.current()))
    }

    /// The address of the page with the health of simulator and database shown, or hidden if it is `open`.
    fn health_link(self, open: bool) -> String {
        let link = self.scope.get().link();
        if open { link } else { format!("{link}&health=open") }
    }

    /// For how long the run, or else the board, has had no data.
    fn quiet_for(self) -> Signal<Option<u32>> {
        let run = self.feed.quiet_for();
        let board = self.board.quiet_for();
        Signal::derive(move || run.get().or_else(|| board.get()))
    }

    /// Why there are no data.
    fn fault(self) -> Signal<Option<AppError>> {
        let fault = move || self.feed.connection.read().fault().or_else(|| self.board.stale.get());
        Signal::derive(fault)
    }

    fn retry(self) -> Callback<()> {
        Callback::new(move |()| {
            self.feed.retry();
            self.board.retry();
        })
    }
}
