//! Building blocks of the page. They know numbers, texts and shapes, but no feature.

pub mod badge;
pub mod button;
pub mod call_fault;
pub mod card;
pub mod chart;
pub mod clock;
pub mod connection_banner;
pub mod copy;
pub mod document_title;
pub mod dom;
pub mod field;
pub mod format;
pub mod http_status;
pub mod lifecycle;
pub mod moment;
pub mod notice;
pub mod page_answer;
pub mod quiet;
pub mod refresh;
pub mod site_head;
pub mod stat;
pub mod table;
pub mod text_area;
pub mod tone;
pub mod web_lock;
