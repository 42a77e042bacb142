//! What handlers and server functions find.

use std::sync::Arc;

use leptos::config::LeptosOptions;

use super::auth::Access;
use super::origin_checks::Hosts;
use super::ready::Readiness;
use crate::dashboard::server::Boards;
use crate::document::Assets;
use crate::metrics::server::ports::ProgramGauges;
use crate::metrics::server::service::Metrics;
use crate::traffic::server::arrivals::Arrivals;
use crate::traffic::server::state::Traffic;
use crate::users::server::rest::Users;

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
    /// What was rendered of it a moment ago.
    pub boards: Boards,
    /// What the metrics show of the rest of the program.
    pub program: Arc<dyn ProgramGauges>,
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
