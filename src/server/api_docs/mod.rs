//! The description of the API, for people and for programs.

pub mod examples;
pub mod openapi;
mod operations;
pub mod pages;
