//! What handlers and server functions find.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;

use super::access::Access;
use super::batch_writer::BatchWriter;
use super::ready::Readiness;
use super::security::Hosts;
use crate::app::Assets;
use crate::dashboard::server::Boards;
use crate::metrics::server::live::Metrics;
use crate::metrics::server::record::Row;
use crate::traffic::server::api::Traffic;
use crate::traffic::server::arrivals::Arrivals;
use crate::users::server::api::Users;

/// Everything, connected. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Where the page's files are.
    pub leptos: LeptosOptions,
    /// What they are called.
    pub assets: Assets,
    /// The users.
    pub users: Users,
    /// What was measured.
    pub metrics: Arc<Metrics>,
    /// What was drawn of it a moment ago.
    pub boards: Arc<Boards>,
    /// Where the record layer puts its rows.
    pub recorder: BatchWriter<Row>,
    /// Whether the process can do its work.
    pub readiness: Readiness,
    /// The jobs.
    pub traffic: Traffic,
    /// What arrived of them.
    pub arrivals: Arc<Arrivals>,
    /// Who may use what can make load.
    pub access: Access,
    /// By which names we may be addressed.
    pub hosts: Hosts,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
