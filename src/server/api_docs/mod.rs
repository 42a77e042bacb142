//! The description of the API, for people and for programs.

pub mod openapi;
pub mod pages;
