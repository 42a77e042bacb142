//! Building blocks of the page. They know numbers, texts and shapes, but no feature.

pub mod call_fault;
pub mod chart;
pub mod copy;
pub mod dom;
pub mod format;
pub mod notice;
pub mod page_answer;
pub mod patch;
pub mod refresh;
pub mod table;
