//! The message after a form was sent without JavaScript and its body could not be read. The server function was never
//! called then: Leptos redirects the browser to the page it came from, with the error in the address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::error::AppError;

/// The error message for the error in this page's address, if there is one.
#[component]
pub fn CallFault() -> impl IntoView {
    let carried = use_query_map().read_untracked().get("__err");
    carried.map(|carried| {
        let message = AppError::from_address(&carried).to_string();
        view! {
            <p class="error-note" role="alert">
                "Your request was not carried out. "
                {message}
            </p>
        }
    })
}
