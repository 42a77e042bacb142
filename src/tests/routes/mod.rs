//! Tests of what the server answers over HTTP, by route or by subject.

mod access;
mod assets;
mod call_errors;
mod compression;
mod cut_off_starts;
mod documentation;
mod history;
mod history_order;
mod login;
mod metrics;
mod old_runs;
mod origin_checks;
mod pages;
mod paths;
mod plain_forms;
mod proxies;
mod readiness;
mod traffic;
mod undo;
mod users;
mod users_by_unicode;
mod verdict;
mod view_of_a_run;
mod viewers;
