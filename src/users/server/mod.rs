//! The server's side of the users API: HTTP, the error endpoint, SQL.

pub mod api;
pub mod fault;
pub mod store;
mod undo;
