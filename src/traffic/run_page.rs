//! stub
use leptos::prelude::*;
/// stub
#[component]
pub fn RunPage() -> impl IntoView {
    "run"
}
