//! What the figures of the dashboard are of: a run, or a period.

use serde::{Deserialize, Serialize};

use crate::metrics::address::read_view;
use crate::metrics::model::{Origins, OverviewQuery, Range};
use crate::origin::RunId;
use crate::query::link;

/// What the figures are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// One run, as its client saw it.
    Run(RunId),
    /// All requests of a period, as the server saw them.
    Period(OverviewQuery),
}

impl Scope {
    /// The scope that an address asks for. Without one it is `run`, the run that the card shows, and else the last five
    /// minutes.
    pub fn read(get: impl Fn(&str) -> Option<String>, run: Option<RunId>) -> Self {
        if let Some(run) = get("run").and_then(|run| run.parse().ok()) {
            return Self::Run(run);
        }
        let asks_for_a_period = get("range").is_some() || get("origin").is_some();
        match (run.filter(|_| !asks_for_a_period), read_view(get)) {
            // The requests of one run.
            (Some(run), _) | (None, OverviewQuery { origin: Origins::Run(run), .. }) => Self::Run(run),
            (None, view) => Self::Period(view),
        }
    }

    /// The address of the dashboard with this scope. That of a period always has its range, because an address without one
    /// means the run that the card shows.
    pub fn link(&self) -> String {
        match self {
            Self::Run(run) => link("/", &[("run", run.to_string())]),
            Self::Period(OverviewQuery { range, origin }) => {
                let origin = (*origin != Origins::All).then(|| ("origin", origin.to_string()));
                let range = ("range", range.wire_name().to_owned());
                link("/", &std::iter::once(range).chain(origin).collect::<Vec<_>>())
            }
        }
    }

    /// What the server's figures are of in this scope. A run has its own figures; beside it the board shows no period.
    pub fn view(&self) -> OverviewQuery {
        match self {
            Self::Run(_) => OverviewQuery { range: Range::Minute, ..OverviewQuery::default() },
            Self::Period(view) => *view,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "019b76da-a800-7000-8000-000000000000";

    fn read(query: &[(&str, &str)], run: Option<&str>) -> Scope {
        let get = |name: &str| query.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Scope::read(get, run.map(|run| run.parse().expect("an id")))
    }

    #[test]
    fn an_address_decides_and_else_the_run_of_the_card() {
        let run = Scope::Run(RUN.parse().expect("an id"));
        assert_eq!(read(&[("run", RUN)], None), run);
        assert_eq!(read(&[], Some(RUN)), run);
        assert_eq!(read(&[], None), Scope::Period(OverviewQuery::default()));
        let hour = Scope::Period(OverviewQuery { range: Range::Hour, ..OverviewQuery::default() });
        assert_eq!(read(&[("range", "1h")], Some(RUN)), hour);
        assert_eq!(read(&[("origin", RUN)], None), run);
        assert_eq!(read(&[("run", "nonsense")], None), Scope::Period(OverviewQuery::default()));
    }

    #[test]
    fn a_scope_survives_its_own_link() {
        assert_eq!(Scope::Run(RUN.parse().expect("an id")).link(), format!("/?run={RUN}"));
        let period = |range, origin| Scope::Period(OverviewQuery { range, origin }).link();
        assert_eq!(period(Range::Hour, Origins::All), "/?range=1h");
        assert_eq!(period(Range::Minutes5, Origins::All), "/?range=5m", "or else it were that of the run");
        assert_eq!(period(Range::Minute, Origins::Real), "/?range=1m&origin=real");
    }
}
