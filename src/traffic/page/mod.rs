//! The simulator's routes and islands.

pub mod card;
pub mod compare_page;
pub mod delete_run;
pub mod draft;
pub mod event_stream;
pub mod exchange_card;
pub mod run_actions;
pub mod run_details;
pub mod run_feed;
pub mod run_page;
pub mod run_panel;
pub mod run_title;
pub mod runs_page;
pub mod runs_table;
pub mod start_form;
