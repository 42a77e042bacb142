//! The verdict on a run as a panel: one line, and the checks behind it.

use leptos::prelude::*;

use super::run_sentences::accounts;
use super::verdict::{VerdictLine, headline, lines};
use crate::traffic::model::Run;

/// Whether every request is accounted for, the cap was kept, and the dashboard was right. It is there before the end of
/// the run, too, so that nothing moves when the verdict comes.
#[component]
pub fn VerdictPanel(
    /// The run.
    run: Signal<Run>,
    /// Are the details shown without a click, as in a printed report?
    #[prop(optional)]
    open: bool,
) -> impl IntoView {
    let headline = Memo::new(move |_| run.with(headline));
    let lines = Memo::new(move |_| run.with(lines));
    let accounts = Memo::new(move |_| run.with(accounts));
    view! {
        <details class="verdict" data-tone=move || headline.read().tone.name() open=open>
            <summary>
                <span class="mark" aria-hidden="true">
                    {move || headline.read().mark()}
                </span>
                <span class="verdict-headline">{move || headline.read().message.clone()}</span>
            </summary>
            <div class="verdict-details">
                <p class="verdict-line">{accounts}</p>
                {move || lines.get().into_iter().map(verdict_line).collect_view()}
            </div>
        </details>
    }
    .into_any()
}

/// One line of the verdict. A line that belongs to the one above it has no mark of its own.
fn verdict_line(line: VerdictLine) -> impl IntoView {
    let mark = line.mark();
    view! {
        <p class="verdict-line" data-tone=line.tone.name() data-detail=line.is_detail.to_string()>
            <span class="mark" aria-hidden="true">
                {mark}
            </span>
            <span>{line.message}</span>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::{Reason, Status};
    use crate::traffic::view::fixture;

    #[test]
    fn a_run_in_progress_says_what_will_be_checked() {
        let html =
            fixture::html(|| view! { <VerdictPanel run=Signal::stored(fixture::run(Status::Running, false)) /> });
        for part in ["data-tone=\"quiet\"", "are checked at the end of the run", "0 missed"] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }

    #[test]
    fn an_ended_run_has_its_lines_below_the_first() {
        let run = Run { reason: Some(Reason::Shutdown), ..fixture::run(Status::Error, true) };
        let html = fixture::html(|| view! { <VerdictPanel run=Signal::stored(run) open=true /> });
        for part in [
            "data-tone=\"open\"",
            " open",
            ">○",
            "No audit: the server was killed",
            "Ended early: the server was shut down.",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    }
}
