//! The pure core of the traffic generator: what to send, when, and what came of it.
//!
//! No clock, no I/O, no randomness but a seed: time is always an argument (a `Duration` since some
//! fixed start), so that every rule can be tested by a table of literal times, and the same code
//! draws the plan in the browser and drives the generator on the server.
//!
//! The way of a request: [`scenario`] (the rate over time) → [`plan`] (the list of slots) →
//! [`pacer`] (which slot is next, and when) → [`gate`] (may it leave) → [`mix`] (what is sent) →
//! [`outcome`], [`recorder`], [`stats`] and [`timeline`] (what came of it) → [`evidence`], [`audit`] and [`dashboard_check`]
//! (is all of it accounted for). [`guard`] is the receiver's own, second check of the cap; [`exchange`] joins the two sides of
//! each request, and [`recovery`] counts a run whose process died.

pub mod audit;
pub mod dashboard_check;
pub mod evidence;
pub mod exchange;
pub mod findings;
pub mod gate;
pub mod guard;
pub mod mix;
pub mod outcome;
pub mod pacer;
pub mod plan;
pub mod random;
pub mod recorder;
pub mod recovery;
pub mod scenario;
pub mod sides;
pub mod stats;
pub mod timeline;

/// The most requests that any second may hold. A constant: an operator can lower it, nothing can raise it.
pub const CAP: u32 = 20;
