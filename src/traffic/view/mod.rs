//! Components and functions that render the simulator's data. They fetch nothing.

pub mod choices;
pub mod comparison;
pub mod connection;
pub mod newest_runs;
pub mod run_badge;
pub mod run_charts;
pub mod run_details;
pub mod run_panel;
pub mod run_sentences;
pub mod run_sides;
pub mod run_tables;
pub mod settings_text;
pub mod setup;
pub mod verdict;
