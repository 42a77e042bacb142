//! The simulator's routes and islands.

pub mod announcer;
pub mod card;
pub mod card_address;
pub mod compare_choice;
pub mod compare_page;
mod connection_policy;
pub mod delete_run;
pub mod details_feed;
pub mod draft;
mod event_stream;
pub mod exchange_card;
pub mod live_failures;
pub mod name_form;
pub mod run_feed;
mod run_follower;
pub mod run_page;
pub mod run_strip;
pub mod run_title;
pub mod runs_filter;
pub mod runs_page;
pub mod runs_table;
pub mod start;
pub mod start_form;
pub mod stop;
