//! The routes of the recorded requests.

pub mod log_feed;
pub mod log_filters;
pub mod log_list;
pub mod log_page;
pub mod request_page;
