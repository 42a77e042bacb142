//! The routes of the recorded requests.

pub mod log_page;
pub mod request_page;
