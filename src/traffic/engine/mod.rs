//! The pure core of the traffic generator: what to send, when to send it, and what came of it.
//!
//! It has no clock, no I/O and no randomness but a seed. Time is always an argument, a `Duration` since some fixed
//! start. So every rule can be tested by a table of literal times, and the same code renders the plan in the browser
//! and drives the generator on the server.
//!
//! The files in the order in which a request passes them:
//!
//! | step | files |
//! |---|---|
//! | what rate is wanted, and when each request is due | [`scenario`], [`plan`], [`random`] |
//! | which slot is next, and may its request leave | [`pacer`], [`gate`] |
//! | what is sent | [`mix`] |
//! | does the receiver see more than the cap allows | [`guard`] |
//! | how a request ended, and the numbers of the run | [`outcome`], [`failures`], [`recorder`], [`latency`], [`stats`] |
//! | the run second by second, and request by request from both sides | [`second`], [`timeline`], [`exchange`], [`sides`], [`findings`] |
//! | is every request accounted for, and was the dashboard right | [`evidence`], [`audit`], [`audit_outcome`], [`dashboard_check`], [`dashboard_outcome`] |
//! | the numbers of a run whose process died | [`recovery`] |

pub mod audit;
pub mod audit_outcome;
pub mod dashboard_check;
pub mod dashboard_outcome;
pub mod evidence;
pub mod exchange;
pub mod failures;
pub mod findings;
pub mod gate;
pub mod guard;
pub mod latency;
pub mod mix;
pub mod outcome;
pub mod pacer;
pub mod plan;
pub mod random;
pub mod recorder;
pub mod recovery;
pub mod scenario;
pub mod second;
pub mod sides;
pub mod stats;
pub mod timeline;

/// The most requests that may arrive within any second. An operator can lower the cap of a process, but nothing can
/// raise it above this.
pub const CAP: u32 = 20;
