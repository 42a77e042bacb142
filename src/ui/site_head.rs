//! The head of every page: the name, and the menu.

use leptos::prelude::*;

/// The places in the menu: their addresses and names.
const PLACES: [(&str, &str); 4] = [("/", "Dashboard"), ("/runs", "Runs"), ("/requests", "Requests"), ("/docs", "API")];

/// The head of a page, before its `<main id="main">`.
#[component]
pub fn SiteHead(
    /// The path of the page, which decides the place that is marked in the menu.
    #[prop(into)]
    path: String,
    /// Whether the menu has a button that ends the session of this browser.
    log_out: bool,
) -> impl IntoView {
    let place = |(href, name): (&'static str, &'static str)| {
        view! {
            <a href=href aria-current=current(href, &path)>
                {name}
            </a>
        }
    };
    let button = || {
        view! {
            <form method="post" action="/logout">
                <button type="submit">"Log out"</button>
            </form>
        }
    };
    view! {
        <a class="skip" href="#main">
            "Skip to content"
        </a>
        <header class="top">
            <a class="brand" href="/">
                <BrandMark />
                <span class="brand-name">"Traffic Simulator"</span>
            </a>
            <nav class="top-nav" aria-label="Main">
                {PLACES.map(place).collect_view()}
                {log_out.then(button)}
            </nav>
        </header>
    }
    .into_any()
}

/// The picture beside the name, which says nothing that the name does not say.
#[component]
fn BrandMark() -> impl IntoView {
    view! {
        <svg class="brand-icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path class="brand-mark" d="M3 17 L8 11 L12 14 L21 5"></path>
        </svg>
    }
}

/// The value of `aria-current` of the link to `href` on the page at `path`: `page` for the page itself, `true` for the
/// place that it belongs to.
fn current(href: &str, path: &str) -> Option<&'static str> {
    if path == href {
        return Some("page");
    }
    let below = path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
    below.then_some("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_marks_the_page_or_the_place_that_it_belongs_to() {
        for (href, path, expected) in [
            ("/", "/", Some("page")),
            ("/", "/runs", None),
            ("/runs", "/runs", Some("page")),
            ("/runs", "/runs/7", Some("true")),
            ("/runs", "/runs/compare", Some("true")),
            ("/runs", "/runsheet", None),
            ("/requests", "/runs", None),
        ] {
            assert_eq!(current(href, path), expected, "{href} on {path}");
        }
    }

    #[test]
    fn only_where_somebody_has_logged_in_there_is_a_way_out() {
        let head = |log_out| Owner::new().with(|| view! { <SiteHead path="/docs" log_out /> }.to_html());
        assert!(head(true).contains("action=\"/logout\""), "{}", head(true));
        assert!(!head(false).contains("/logout") && head(false).contains("href=\"/docs\" aria-current=\"page\""));
    }
}
