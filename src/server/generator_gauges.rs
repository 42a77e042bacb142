//! What metrics shows of the generator beside the requests: its port, implemented by traffic.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::metrics::server::ports::{Family, ProgramGauges};
use crate::origin::RunId;
use crate::traffic::server::run_manager::RunManager;
use crate::traffic::server::run_totals::RunTotals;
use crate::traffic::server::shared_gate::SharedGate;

/// Metrics' view of the generator and of its live streams.
pub(super) struct GeneratorGauges {
    pub(super) runs: Arc<RunManager>,
    pub(super) gate: Arc<SharedGate>,
    pub(super) streams: Arc<Semaphore>,
    pub(super) max_streams: u32,
}

impl ProgramGauges for GeneratorGauges {
    fn scheduling_delay(&self) -> Option<Duration> {
        self.runs.active().filter(|run| !run.has_ended())?.latest_scheduling_delay()
    }

    fn open_run(&self) -> Option<RunId> {
        self.runs.active().filter(|run| !run.is_closed()).map(|run| run.id)
    }

    fn open_streams(&self) -> u32 {
        self.max_streams.saturating_sub(self.streams.available_permits() as u32)
    }

    fn families(&self) -> Vec<Family> {
        let totals = self.runs.totals();
        let is_active = self.open_run().is_some();
        let mut families = verdicts(&totals);
        families.push(gauge("run_active", "Is a run active?", u32::from(is_active)));
        families.extend(requests(&totals));
        let slots = self.gate.cap();
        families.push(gauge("gate_slots", "Requests per second that the gate lets out at most.", slots));
        let free = self.gate.free();
        families.push(gauge("gate_slots_free", "Requests that the gate would let out now.", free));
        families
    }
}

/// How closed runs ended, and what their checks found.
fn verdicts(totals: &RunTotals) -> Vec<Family> {
    let runs = [("completed", totals.completed), ("cancelled", totals.cancelled), ("error", totals.failed)];
    let audits = [
        ("verified", totals.audits_verified),
        ("incomplete", totals.audits_incomplete),
        ("wrong", totals.audits_wrong),
    ];
    let checks = [
        ("right", totals.dashboard_right),
        ("wrong", totals.dashboard_wrong),
        ("notChecked", totals.dashboard_not_checked),
    ];
    vec![
        counters("runs_total", "Runs of the generator that are closed.", "status", runs),
        counters("audits_total", "Closed runs, by what their audit found.", "outcome", audits),
        counters("dashboard_checks_total", "Closed runs, by whether the dashboard was right.", "outcome", checks),
    ]
}

/// The requests of closed runs.
fn requests(totals: &RunTotals) -> Vec<Family> {
    vec![
        counter("sent_total", "Requests of closed runs that left.", totals.sent),
        counter("missed_total", "Slots of closed runs whose time passed.", totals.missed),
        counter("gate_refusals_total", "Slots of closed runs that found the gate shut.", totals.gate_refusals),
        counter("cap_violations_total", "Arrivals of closed runs above the cap.", totals.cap_violations),
    ]
}

fn counters<const N: usize>(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: [(&'static str, u64); N],
) -> Family {
    let samples = values.into_iter().map(|(value, count)| (vec![(label, value)], count as f64)).collect();
    Family { name, help, kind: "counter", samples }
}

fn counter(name: &'static str, help: &'static str, count: u64) -> Family {
    Family { name, help, kind: "counter", samples: vec![(Vec::new(), count as f64)] }
}

fn gauge(name: &'static str, help: &'static str, value: u32) -> Family {
    Family { name, help, kind: "gauge", samples: vec![(Vec::new(), f64::from(value))] }
}
