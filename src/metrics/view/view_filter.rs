//! The choices of range and origin, as links: they work without JavaScript, and the address keeps them.

use crate::metrics::model::{Origins, OverviewQuery, Range};
use crate::ui::table::escaped;

impl Range {
    /// The name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Minutes5 => "5 minutes",
            Self::Hour => "1 hour",
            Self::Day => "24 hours",
        }
    }
}

/// The name of an origin on the page.
pub fn origin_title(origin: Origins) -> &'static str {
    match origin {
        Origins::All => "All",
        Origins::Real => "Real",
        Origins::Simulated => "Simulated",
        Origins::Run(_) => "This run",
    }
}

/// The two choices as the content of a `<nav>`. `link` makes the address of a choice.
pub fn choices_html(view: OverviewQuery, link: impl Fn(OverviewQuery) -> String) -> String {
    let choice = |text: &str, target: OverviewQuery| {
        let current = if target == view { " aria-current=\"true\"" } else { "" };
        let href = link(target);
        format!("<a class=\"view-choice\" data-part=\"{text}\" href=\"{}\"{current}>{text}</a>", escaped(&href))
    };
    let ranges = match view.origin {
        // The range does not apply to a run.
        Origins::Run(_) => {
            "<span class=\"view-choice\" data-part=\"range\" aria-current=\"true\">Whole run</span>".to_owned()
        }
        _ => Range::ALL.map(|range| choice(range.title(), OverviewQuery { range, ..view })).concat(),
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::address::view_link;

    #[test]
    fn each_choice_keeps_the_other_and_the_current_ones_are_marked() {
        let view = OverviewQuery { range: Range::Hour, origin: Origins::Real };
        let html = choices_html(view, |view| view_link("/", &view));
        assert!(html.contains("href=\"/?range=24h&amp;origin=real\""), "{html}");
        assert!(html.contains("href=\"/?range=1h&amp;origin=simulated\""), "{html}");
        assert_eq!(html.matches("aria-current=\"true\"").count(), 2);
        let run = Origins::Run("019b76da-a800-7000-8000-000000000000".parse().expect("a run"));
        let html = choices_html(OverviewQuery { range: Range::Hour, origin: run }, |view| view_link("/", &view));
        assert!(html.contains("Whole run") && !html.contains("24 hours"), "{html}");
        assert_eq!(html.matches("aria-current=\"true\"").count(), 2);
    }
}
