//! The server's side of the users API: HTTP, the error endpoint, SQL.

pub mod fault;
mod fold;
pub mod keys;
pub mod rest;
pub mod store;
mod undo;
