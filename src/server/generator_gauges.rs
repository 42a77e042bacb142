//! What metrics shows of the generator beside the requests: its port, implemented by traffic.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::metrics::server::ports::{Family, ProgramGauges};
use crate::origin::RunId;
use crate::traffic::server::run_manager::RunManager;
use crate::traffic::server::shared_gate::SharedGate;
use crate::traffic::server::tally::Tally;

/// Metrics' view of the generator and of its live streams.
pub(super) struct GeneratorGauges {
    pub(super) jobs: Arc<RunManager>,
    pub(super) gatekeeper: Arc<SharedGate>,
    pub(super) streams: Arc<Semaphore>,
    pub(super) max_streams: u32,
}

impl ProgramGauges for GeneratorGauges {
    fn scheduling_delay(&self) -> Option<Duration> {
        self.jobs.active().filter(|job| !job.is_over())?.latest_scheduling_delay()
    }

    fn open_run(&self) -> Option<RunId> {
        self.jobs.active().filter(|job| !job.is_closed()).map(|job| job.id)
    }

    fn open_streams(&self) -> u32 {
        self.max_streams.saturating_sub(self.streams.available_permits() as u32)
    }

    fn families(&self) -> Vec<Family> {
        let tally = self.jobs.tally();
        let is_active = self.open_run().is_some();
        let mut families = verdicts(&tally);
        families.push(gauge("run_active", "Is a run active?", u32::from(is_active)));
        families.extend(requests(&tally));
        let slots = self.gatekeeper.cap();
        families.push(gauge("gate_slots", "Requests per second that the gate lets out at most.", slots));
        let free = self.gatekeeper.free();
        families.push(gauge("gate_slots_free", "Requests that the gate would let out now.", free));
        families
    }
}

/// How closed runs ended, and what their checks found.
fn verdicts(tally: &Tally) -> Vec<Family> {
    let runs = [("completed", tally.completed), ("cancelled", tally.cancelled), ("error", tally.failed)];
    let audits =
        [("verified", tally.audits_verified), ("incomplete", tally.audits_incomplete), ("wrong", tally.audits_wrong)];
    let checks = [
        ("right", tally.dashboard_right),
        ("wrong", tally.dashboard_wrong),
        ("notChecked", tally.dashboard_not_checked),
    ];
    vec![
        counters("runs_total", "Runs of the generator that are closed.", "status", runs),
        counters("audits_total", "Closed runs, by what their audit found.", "outcome", audits),
        counters("dashboard_checks_total", "Closed runs, by whether the dashboard was right.", "outcome", checks),
    ]
}

/// The requests of closed runs.
fn requests(tally: &Tally) -> Vec<Family> {
    vec![
        counter("sent_total", "Requests of closed runs that left.", tally.sent),
        counter("missed_total", "Slots of closed runs whose time passed.", tally.missed),
        counter("gate_refusals_total", "Slots of closed runs that found the gate shut.", tally.gate_refusals),
        counter("cap_violations_total", "Arrivals of closed runs above the cap.", tally.cap_violations),
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
