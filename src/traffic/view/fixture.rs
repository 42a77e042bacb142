//! A run for the tests of what shows one.

use leptos::prelude::*;
use uuid::Uuid;

use crate::origin::RunId;
use crate::traffic::engine::scenario::{Delay, Scenario};
use crate::traffic::engine::stats::Stats;
use crate::traffic::model::{Endpoints, Run, Settings, Status};

/// Twelve seconds of Peak Usage, of thirty: 1,234 responses, two of them failed.
pub(crate) fn run(status: Status, closed: bool) -> Run {
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

/// The HTML of a view, as the server renders it, without the marks between its texts.
pub(crate) fn html<V: IntoView>(view: impl FnOnce() -> V) -> String {
    let owner = Owner::new();
    owner.with(|| view().into_view().to_html()).replace("<!>", "")
}
