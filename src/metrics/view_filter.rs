//! Range and origin, chosen by links: they work without JavaScript, and the address keeps them.

use leptos::prelude::*;

use super::address::view_link;
use super::model::{Origins, OverviewQuery, Range};
use crate::ui::erased::live;

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
    let choice = move |text: &'static str, target: OverviewQuery, chosen: bool| {
        let current = if chosen { Some("true") } else { None };
        // The page stays where it is: the numbers change, not the place.
        view! { <a class="view-choice" href=link.run(target) aria-current=current data-noscroll="true">{text}</a> }
            .into_any()
    };
    let ranges = live(move || {
        let view = view.get();
        Range::ALL
            .map(|range| choice(range.title(), OverviewQuery { range, ..view }, range == view.range))
            .collect_view()
            .into_any()
    });
    let origins = live(move || {
        let view = view.get();
        let mut origins = vec![Origins::All, Origins::Real, Origins::Simulated];
        origins.extend(Some(view.origin).filter(|origin| matches!(origin, Origins::Run(_))));
        let link = |origin| choice(origin_title(origin), OverviewQuery { origin, ..view }, origin == view.origin);
        origins.into_iter().map(link).collect_view().into_any()
    });
    view! {
        <nav class="view-filter" aria-label="What is shown">
            <div class="choices" role="group" aria-label="Range">{ranges}</div>
            <div class="choices" role="group" aria-label="Requests">{origins}</div>
        </nav>
    }
}

/// The choice for the dashboard.
pub fn dashboard_link() -> Callback<OverviewQuery, String> {
    Callback::new(|view| view_link("/", &view))
}
