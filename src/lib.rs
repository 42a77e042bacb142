//! **Traffic Simulator**: an API with a live dashboard and a safe, honest traffic simulator in one binary.
//!
//! This page is the architecture. What each part does is written at its top.
//!
//! # The flow
//!
//! ```text
//! traffic::card ──► server function /fn/traffic/start ─┐                ┌─► SSE /traffic/stream/{id} ─► card, run page
//! REST client ────► POST /traffic/start ───────────────┴─► RunManager ──┤
//!                                                             │         └─► GET /traffic/status/{id}
//!                                             runner: plan → pacer → gate → mix → HTTP client
//!                                                             ▼ real HTTP on the loopback
//!   on all:      connections (who may hold how many) → entrance (request id, path, host, proxies, bounds of the body; the last form of every answer)
//!   elsewhere:   catch-panic → cross-site → public routes (docs, login, files), or
//!                guard (token or session) → pages, server functions, /traffic, /metrics
//!   on /api/v1:  metrics record → catch-panic → arrivals (tag, tell the gate, guard) → body, in-flight limit → cross-site → users API ─► database
//!                   └─► batch writer ─► database (rows, roll-ups by minute) ─► windows in memory ─► KPI cards, overview, /metrics
//!                                          └─► at the end of a run: the audit, and whether the dashboard was right
//! ```
//!
//! # Layout
//!
//! Features first; each folder reads in the order of the data flow.
//!
//! - [`origin`], [`input`], [`query`], [`buckets`], [`error`]: what the features share: who made a
//!   request, how input is checked, how an address carries it, in which steps latency is drawn, and what crosses the
//!   wire as an error.
//! - [`users`]: the users API, the thing that is hit.
//! - [`traffic`]: the simulator. [`traffic::engine`] is its pure core.
//! - [`metrics`]: what the server measured, and the key figures made of it. [`metrics::engine`] is its pure core.
//! - [`dashboard`]: sets the features side by side.
//! - [`ui`]: building blocks of the page without knowledge of any feature. A chart is data: pure
//!   functions make a [`ui::chart::Chart`] of numbers, and one more makes HTML of any of them.
//! - [`app`]: the document's shell and the pages.
//! - `server`: configuration, wiring, routes and their description, who may come in, what is kept and for how
//!   long, start and end (only with the feature `ssr`).
//!
//! # The page
//!
//! The server makes every page, complete: it can be read, and its forms be sent, without a script. What lives in the
//! browser are islands, which alone are compiled for it: the card ([`traffic::card`]), a run on its page
//! ([`traffic::run_page`]) and the dashboard's board ([`dashboard::live_board`]). What they show is HTML from pure
//! functions of a state, and a newer state is brought into the page part by part ([`ui::patch`]). The board and a run's
//! charts and tables are even drawn by the server each time, so that the browser loads no code that knows them, and all
//! who look at the board in the same moment get the same drawing.
//!
//! # Architecture invariants
//!
//! Tested by `tests/architecture.rs`, which reads the sources.
//!
//! 1. `model.rs`, `origin.rs`, `input.rs` and the `engine/` folders use std, serde, uuid and utoipa's derive
//!    only: no clock, no I/O, no randomness but a seed passed in, no `cfg`. Time is an argument.
//! 2. `server/` folders use their own feature's model and engine; another feature only through its
//!    model. The page reaches the server only through `server_fns.rs`, whose functions are bridges
//!    of a few lines.
//! 3. Traffic reaches users only over HTTP. Users and metrics know `Origin`, never traffic. What
//!    traffic needs of them it declares as ports; `server/wiring.rs` alone connects them.
//! 4. Metrics records `/api/v1` and nothing else, so that watching the dashboard never moves it; it
//!    records from a drop guard, so that an aborted request has its row too.
//! 5. One runner loop, one place that closes a run. Every wait also waits for cancellation.
//! 6. At most a dozen lines with `cfg(` for ssr and hydrate: one per `server` folder.
//! 7. Storage is one object-safe async trait per feature; one method = one use case = one transaction.

// Deeply nested views are deeply nested types.
#![recursion_limit = "512"]

/// A page is made of many small pieces and a few large ones. The C library's allocator gives the large ones back to the
/// system at once, and asks for them again with the next page; this one keeps them.
#[cfg(feature = "ssr")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod app;
pub mod dashboard;
pub mod document;
pub mod error;
pub mod latency_buckets;
pub mod metrics;
pub mod origin;
#[cfg(feature = "ssr")]
pub mod platform;
pub mod query;
#[cfg(feature = "ssr")]
pub mod server;
pub mod traffic;
pub mod ui;
pub mod users;
pub mod validation;

/// Begins what the islands of a page share; the page's loader calls it, and then brings each of them to life.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    ui::chart::reader::Reader::start();
    ui::copy::listen();
}
