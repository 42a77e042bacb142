//! Tests of the program as a whole: its settings, its start and end, its files, its bounds.

mod bounds;
mod clock_and_retention;
mod database_file;
mod leptos_options;
mod private_files;
pub(crate) mod recorded_requests;
mod settings;
mod signals;
mod start;
mod stop;
mod storage;
mod stored_results;

pub(crate) use crate::fixture::process::{ended, program};
