//! Range and origin, chosen by links: they work without JavaScript, and the address keeps them.

use leptos::html;
use leptos::prelude::*;

use super::address::view_link;
use super::model::{Origins, OverviewQuery, Range};
use crate::ui::erased::text;
use crate::ui::patch::keep_patched;
use crate::ui::table::escaped;

impl Range {
    /// As the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Minutes5 => "5 minutes",
            Self::Hour => "1 hour",
            Self::Day => "24 hours",
        }
    }
}

/// What origins are called on the page.
pub fn origin_title(origin: Origins) -> &'static str {
    match origin {
        Origins::All => "All",
        Origins::Real => "Real",
        Origins::Simulated => "Simulated",
        Origins::Run(_) => "One run",
    }
}

/// The two choices. `link` makes an address of a choice.
#[component]
pub fn ViewFilter(
    /// What is chosen.
    #[prop(into)]
    view: Signal<OverviewQuery>,
    /// The address of another choice.
    link: Callback<OverviewQuery, String>,
) -> impl IntoView {
    let nav = NodeRef::<html::Nav>::new();
    let choices = text(move || choices_html(view.get(), |view| link.run(view)));
    keep_patched(move || nav.get().map(Into::into), choices);
    view! { <nav class="view-filter" aria-label="What is shown" node_ref=nav inner_html=choices.get_untracked()></nav> }
}

fn choices_html(view: OverviewQuery, link: impl Fn(OverviewQuery) -> String) -> String {
    // The page stays where it is: the numbers change, not the place.
    let choice = |text: &str, target: OverviewQuery| {
        let current = if target == view { " aria-current=\"true\"" } else { "" };
        let href = escaped(&link(target));
        format!(
            "<a class=\"view-choice\" data-part=\"{text}\" href=\"{href}\" data-noscroll=\"true\"{current}>{text}</a>"
        )
    };
    let ranges = Range::ALL.map(|range| choice(range.title(), OverviewQuery { range, ..view })).concat();
    let run = Some(view.origin).filter(|origin| matches!(origin, Origins::Run(_)));
    let origins: String = [Origins::All, Origins::Real, Origins::Simulated]
        .into_iter()
        .chain(run)
        .map(|origin| choice(origin_title(origin), OverviewQuery { origin, ..view }))
        .collect();
    format!(
        "<div class=\"choices\" role=\"group\" aria-label=\"Range\">{ranges}</div>\
         <div class=\"choices\" role=\"group\" aria-label=\"Requests\">{origins}</div>"
    )
}

/// The choice for the dashboard.
pub fn dashboard_link() -> Callback<OverviewQuery, String> {
    Callback::new(|view| view_link("/", &view))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_keeps_the_other_and_the_chosen_ones_are_marked() {
        let view = OverviewQuery { range: Range::Hour, origin: Origins::Real };
        let html = choices_html(view, |view| view_link("/", &view));
        assert!(html.contains("href=\"/?range=24h&amp;origin=real\""), "{html}");
        assert!(html.contains("href=\"/?range=1h&amp;origin=simulated\""), "{html}");
        assert_eq!(html.matches("aria-current=\"true\"").count(), 2);
    }
}
