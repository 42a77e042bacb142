//! **Traffic Simulator**: an API with a live dashboard and a safe, honest traffic simulator, in one binary.
//!
//! A person picks a scenario, a duration and a rate, and presses Start. The program then sends real HTTP requests to its
//! own users API, never more than 20 in any second, and the dashboard shows what they do. Each run ends with an audit
//! that accounts for every single request.
//!
//! # Start reading here
//!
//! 1. This page: the flow of a request, the layout of the sources, the rules that hold everywhere, and the words.
//! 2. [`traffic::engine`]: the heart of the program, which is pure. Each of its files is one idea: [the rate over
//!    time](traffic::engine::scenario), [the plan](traffic::engine::plan), [the gate](traffic::engine::gate) that
//!    enforces the cap, [the audit](traffic::engine::audit).
//! 3. `traffic::server::runner`: the one loop that sends requests.
//! 4. `server::compose`: how the features are connected, and `server::router`: every route in one list.
//!
//! The modules named `server`, and `platform`, exist only with the feature `ssr`. Their documentation is part of
//! `cargo doc --features ssr --no-deps --open`.
//!
//! # The flow
//!
//! ```text
//! form ──► server function /fn/traffic/start ─┐                ┌─► SSE /traffic/stream/{id} ─► form, page of the run
//! REST ──► POST /traffic/start ───────────────┴─► RunManager ──┴─► GET /traffic/status/{id}
//!                                                     │
//!                                                  runner: plan → pacer → gate → mix → HTTP client
//!                                                                                          │ real HTTP on the loopback
//!   every request:   connections (who may hold how many) → front service (id, path, host name, proxies, size of the body)
//!   to /api/v1:      record → catch panics → arrivals (tag, tell the gate, guard) → body, in-flight limit → CSRF check
//!                    → users API → database
//!   to the rest:     catch panics → CSRF check → public routes (docs, login, files), or
//!                    token or session → pages, server functions, /traffic, /metrics
//!
//!   record ──► writer ──► database ──► KPI cards, charts, request log, /metrics
//!                                └───► at the end of a run: audit and dashboard check
//! ```
//!
//! A run ends in one place and in one order: its last responses are awaited, its arrivals are sealed, the writers flush,
//! its users are cleaned up, the audit and the dashboard check are made, and all of it is stored.
//!
//! # The layout
//!
//! Features come first. Inside a feature the folders are floors, each built on those below it. From the ground up:
//! `model` and `engine` (pure), `view` (what renders data), `server` (storage and HTTP), `server_fns`, `page` (routes and
//! islands).
//!
//! | Module | What it holds |
//! |---|---|
//! | [`users`] | the users API, which is what the traffic hits |
//! | [`traffic`] | the simulator |
//! | [`metrics`] | what the server measured, and the numbers made of it |
//! | [`dashboard`] | pages that show the features' components side by side |
//! | [`app`], [`document`] | the routes of the page; the HTML document and its assets |
//! | [`ui`] | components that know no feature; [`ui::chart`] makes charts of numbers |
//! | [`origin`], [`validation`], [`latency_buckets`], [`query`], [`error`], [`refreshed`], [`wire_name`] | what the features share: who made a request, how input is checked, the steps of latencies, how an address carries a query, what crosses the wire as an error or only when it has changed, and the names of enum variants there |
//! | `platform` | what the features stand on and what knows none of them: the database, the wall clock, the writer of rows, ids of requests, problem documents |
//! | `server` | the program on top of everything: settings, composition, routes, access, start and shutdown |
//!
//! The server renders every page completely, so it can be read, and its forms can be sent, without JavaScript. Only
//! islands live in the browser: the form that starts a run, a run on its page, and the dashboard's board. Beside them only
//! the reading of charts and the copy buttons run there.
//!
//! # Architecture invariants
//!
//! A test reads the sources and checks these:
//!
//! - **The core is pure.** The models, the `engine` folders, the validation and a few small files beside them use std,
//!   serde, uuid, utoipa and each other only: no clock, no I/O, no `cfg`. Time and seeds are arguments.
//! - **No circles.** The import graph has none. `platform` and `ui` name no feature, and nothing but `main.rs`, tests and
//!   benches names `server`.
//! - **Features meet in one place.** A feature uses another one only through its model, or through a port that it
//!   declares itself; `server::compose` connects them. The dashboard sets the features' components side by side: it may
//!   use their views, pages, server functions and forms.
//! - **The page reaches the server only through `server_fns.rs`.**
//! - **There is one of each**: one loop that sends, one place that closes a run, one way through the gate, one client.
//! - **At most a dozen lines with `cfg(`** for ssr and hydrate: one for each `server` folder, and one for the imports of
//!   each `server_fns.rs`.
//! - **No type name is defined twice**, and no file has more than 400 lines of code.
//!
//! Other tests, and the reader, check these:
//!
//! - **Metrics record `/api/v1` and nothing else**, so that watching the dashboard never changes them. They record from a
//!   drop guard, so that an aborted request has its row, too.
//! - **Traffic reaches users only over HTTP**, and every wait of the loop that sends also waits for the end of the run.
//! - **Storage is one object-safe trait for each feature.** One method is one use case and one transaction.
//!
//! # Glossary
//!
//! | Word | Meaning |
//! |---|---|
//! | scenario | the shape of the rate over time, such as *Peak Usage* |
//! | run | one execution of the generator, live or stored; on the wire its id is called `jobId` |
//! | plan, slot | the list of planned requests; a slot has a time at which it is *wanted*, and one at which it is *due* |
//! | pacer | finds the next slot, and when it is due |
//! | gate, permit | the only way to the HTTP client; a request leaves with a permit |
//! | cap | the limit of the process: 20 requests in any second, or lower |
//! | max_rps | the rate that a person asks for; at most the cap |
//! | open loop | requests leave by the plan, whether or not earlier ones are answered |
//! | sent, missed, not reached | the request left; its slot passed, so it never leaves; the run ended before its slot |
//! | ok, failed, cancelled | status 2xx; any other status, timeout or transport error; in flight when the run ended, and not answered in time |
//! | service time | from the sending to the end of the response |
//! | response time | from *wanted* to the end of the response, so a late start counts (no coordinated omission) |
//! | scheduling delay | by how much a request left after it was due |
//! | throttled | it had to wait at the gate |
//! | rate, throughput | requests sent per second; requests that ended ok per second |
//! | current RPS | requests that were sent in the last full second |
//! | arrivals | the simulated requests that the server saw come in, noted before their bodies are read |
//! | ledger | what the client knows of each request that it sent |
//! | audit | the check of a run's accounts: *verified*, *incomplete* or *wrong* |
//! | dashboard check | whether the dashboard was right about a run: *right*, *wrong* or *not checked* |
//! | verdict | audit, cap, clean-up and dashboard check together |
//! | origin | who made a request: a real client, or a run |

// A deeply nested view is a deeply nested type.
#![recursion_limit = "512"]

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
pub mod refreshed;
#[cfg(feature = "ssr")]
pub mod server;
pub mod traffic;
pub mod ui;
pub mod users;
pub mod validation;
pub mod wire_name;

/// Starts what the islands of a page share. The page's loader calls it before it hydrates the islands.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        ui::lifecycle::tell_of_panic();
    }));
    leptos::mount::hydrate_islands();
    ui::moment::add_own_times();
}
