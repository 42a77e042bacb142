//! The server's side of the users API: routes, the error endpoint, storage.

pub mod fault;
mod fold;
pub mod keys;
pub mod rest;
pub mod store;
mod undo;
