//! What a page can say about the answer that carries it.

use std::sync::Arc;

/// The page's answer, for what only the server can say of it. In the context on the server only.
#[derive(Clone)]
pub struct PageAnswer {
    /// Does the server want a token? Then whoever sees the page has shown it.
    pub guarded: bool,
    /// Sets the HTTP status.
    pub set_status: Arc<dyn Fn(u16) + Send + Sync>,
    /// Sets the content security policy that goes with this nonce.
    pub set_policy: Arc<dyn Fn(&str) + Send + Sync>,
}
