//! What became of the planned requests of a run.

use leptos::prelude::*;

use crate::traffic::model::Run;
use crate::ui::format::count;
use crate::ui::tone::Tone;

/// The accounts of a run: each planned request is in one of them.
#[component]
pub fn Accounts(
    /// The run.
    run: Signal<Run>,
) -> impl IntoView {
    let entry = move |index: usize| {
        let entry = Memo::new(move |_| run.with(|run| entries(run)[index]));
        view! {
            <div data-tone=move || entry.get().2.name()>
                <dt>{move || entry.get().0}</dt>
                <dd>{move || count(entry.get().1)}</dd>
            </div>
        }
    };
    view! { <dl class="accounts">{[0, 1, 2, 3, 4, 5].map(entry).collect_view()}</dl> }.into_any()
}

/// Name, number and tone of each account. There are as many during a run as after its end, so that nothing moves.
fn entries(run: &Run) -> [(&'static str, u32, Tone); 6] {
    let stats = &run.stats;
    let open = if run.status.is_final() { ("Not sent", stats.not_reached) } else { ("In flight", stats.in_flight) };
    let plain = |(name, number)| (name, number, Tone::Plain);
    let bad = |name, number| (name, number, Tone::bad_if(number > 0));
    [
        plain(("Planned", stats.planned)),
        plain(("Sent", stats.sent)),
        bad("Missed", stats.missed),
        plain(("OK", stats.successful_requests)),
        bad("Failed", stats.failed_requests),
        plain(open),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    #[test]
    fn the_last_account_is_what_is_open_and_in_the_end_what_was_not_sent() {
        let mut run = fixture::run(Status::Running, false);
        run.stats.in_flight = 1;
        run.stats.not_reached = 2;
        assert_eq!(entries(&run)[5], ("In flight", 1, Tone::Plain));
        run.status = Status::Cancelled;
        assert_eq!(entries(&run)[5], ("Not sent", 2, Tone::Plain));
        let html = fixture::html(|| view! { <Accounts run=Signal::stored(run) /> });
        assert!(html.contains("data-tone=\"bad\"") && html.contains("Failed"), "{html}");
        assert_eq!(html.matches("<dt>").count(), 6);
    }
}
