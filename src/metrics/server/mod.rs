//! The server's half of the metrics: [`recording`] makes a row of each request, [`numbers`] inserts the rows into the
//! [`storage`] and counts them, [`service`] answers what the pages and programs ask, [`request_log`] what they
//! ask about single requests.

pub mod background;
pub mod exposition;
pub mod numbers;
pub mod ports;
pub mod recording;
pub mod request_log;
pub mod retention;
pub mod served;
pub mod service;
pub mod storage;
