//! stub
use leptos::prelude::*;
/// stub
#[component]
pub fn DashboardPage() -> impl IntoView {
    "hi"
}
/// stub
#[component]
pub fn NotFoundPage() -> impl IntoView {
    "404"
}
