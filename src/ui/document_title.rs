//! The title of a document that is rendered without the app.

use leptos::html::title;
use leptos::prelude::*;

/// A `<title>`. Leptos writes a comment behind a text that it does not know beforehand, and in a title that is no comment:
/// browsers show it. So the escaped text is the whole content.
#[component]
pub fn DocumentTitle(
    /// The title.
    text: String,
) -> impl IntoView {
    title().inner_html(text.to_html())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_a_text_and_nothing_else() {
        let text = "1 < 2 · Traffic Simulator".to_owned();
        let html = Owner::new().with(|| {
            view! {
                <head>
                    <DocumentTitle text />
                </head>
            }
            .to_html()
        });
        assert!(html.contains("<title>1 &lt; 2 · Traffic Simulator</title>"), "{html}");
    }
}
