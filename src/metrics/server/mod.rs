//! The server's half of the metrics: [`recording`] makes a row of each request, [`numbers`] inserts the rows into the
//! [`storage`] and counts them, [`service`] answers what the pages and programs ask.

pub mod background;
pub mod counters;
pub mod numbers;
pub mod ports;
pub mod prometheus;
pub mod recording;
pub mod retention;
pub mod service;
pub mod storage;
