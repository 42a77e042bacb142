//! How a page sets the status and headers of the HTTP response that carries it.

use std::sync::Arc;

/// The HTTP response of the page being rendered. Only in the context on the server.
#[derive(Clone)]
pub struct PageAnswer {
    /// Does the server require a token? Then whoever sees the page has presented it.
    pub guarded: bool,
    /// Sets the HTTP status.
    pub set_status: Arc<dyn Fn(u16) + Send + Sync>,
    /// Sets the content security policy for this nonce.
    pub set_policy: Arc<dyn Fn(&str) + Send + Sync>,
}
