//! What is said when a form that was sent without JavaScript never reached its server function, because its body could
//! not be read: Leptos sends the browser back to the page that it came from, with the error in the address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::error::AppError;

/// The error that the address of this page carries, in words.
#[component]
pub fn CallFault() -> impl IntoView {
    let carried = use_query_map().read_untracked().get("__err");
    carried.map(|carried| {
        let words = AppError::from_address(&carried).to_string();
        view! { <p class="error-note" role="alert">"What you sent was not done. "{words}</p> }
    })
}
