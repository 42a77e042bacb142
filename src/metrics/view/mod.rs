//! Components and functions that render what was measured. They fetch nothing.

pub mod charts;
pub mod endpoint_table;
#[cfg(test)]
pub(crate) mod fixture;
pub mod health;
pub mod log_words;
pub mod newest_requests;
pub mod period_charts;
pub mod period_tiles;
pub mod plans;
pub mod request_table;
pub mod view_filter;
