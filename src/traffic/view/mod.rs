//! Components and functions that render the simulator's data. They fetch nothing.

pub mod accounts;
pub mod cause;
pub mod choices;
pub mod comparison;
pub mod comparison_charts;
pub mod connection;
pub mod endpoint_table;
pub mod failure_groups;
#[cfg(test)]
pub(crate) mod fixture;
pub mod newest_runs;
pub mod response_words;
pub mod result_sentence;
pub mod run_actions;
pub mod run_badge;
pub mod run_charts;
pub mod run_figures;
pub mod run_sentences;
pub mod run_settings;
pub mod run_sides;
pub mod run_tiles;
pub mod settings_text;
pub mod setup;
pub mod single_failures;
pub mod verdict;
pub mod verdict_panel;
