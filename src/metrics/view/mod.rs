//! Components and functions that render what was measured. They fetch nothing.

pub mod charts;
pub mod endpoint_table;
pub mod kpi_cards;
pub mod newest_requests;
pub mod request_rows;
pub mod view_filter;
