//! Building blocks of the page. They know numbers, texts and shapes, and no feature.

pub mod call_fault;
pub mod chart;
pub mod copy;
pub mod format;
pub mod notice;
pub mod page_answer;
pub mod patch;
pub mod poll;
pub mod table;
