//! What every feature of the server stands on: the database, the wall clock, the writer of rows, requests' ids, errors
//! as problem documents. It names no feature.

pub mod database;
pub mod database_file;
pub mod moments;
pub mod open_error;
pub mod private_files;
pub mod problem;
pub mod request_id;
pub mod retention;
pub mod row_writer;
pub mod wall_clock;
