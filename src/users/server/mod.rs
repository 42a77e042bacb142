//! The server's side of the users API: HTTP, the error endpoint, SQL.

pub mod api;
pub mod fault;
mod fold;
pub mod keys;
pub mod store;
mod undo;
