//! A part of a page in a frame with a heading.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// A section with a heading and a border.
#[component]
pub fn Card(
    /// The id of the heading, which no other element of the page has.
    id: &'static str,
    /// The heading.
    #[prop(into)]
    title: TextProp,
    /// Further classes of the section.
    #[prop(optional)]
    class: &'static str,
    /// What stands at the end of the heading's line, such as a link.
    #[prop(optional)]
    aside: Option<AnyView>,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class=format!("card {class}") aria-labelledby=id>
            <div class="card-head">
                <h2 class="card-title" id=id>
                    {move || title.get()}
                </h2>
                {aside}
            </div>
            {children()}
        </section>
    }
    .into_any()
}
