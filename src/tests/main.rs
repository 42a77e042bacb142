//! Integration tests: the whole server over real HTTP on a port of its own, the program as a process, and the
//! architecture of the sources.

#![recursion_limit = "512"]

mod architecture;
mod fixture;
mod program;
mod routes;

use fixture::{raw, server};
use program::recorded_requests as recorded;
