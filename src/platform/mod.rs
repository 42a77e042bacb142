//! What every feature of the server stands on: the database and its migrations, the clocks, the writer of rows, ids
//! of requests, errors as problem documents, retention. Nothing in here names a feature.

pub mod boot_clock;
pub mod database;
pub mod database_file;
pub mod extract;
mod migrations;
pub mod open_error;
pub mod panics;
pub mod private_files;
pub mod problem;
pub mod request_id;
pub mod retention;
pub mod row_writer;
pub mod single_flight;
mod store_error;
pub mod wall_clock;
