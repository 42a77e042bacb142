//! What is known about one request beside the server's record: why it failed, and, of a simulated one, what its client saw.

use leptos::prelude::*;

use crate::error::AppError;
use crate::metrics::log_model::LoggedRequest;
use crate::traffic::engine::exchange::Exchange;
use crate::traffic::server_fns::get_exchange;
use crate::traffic::view::cause::cause;
use crate::ui::card::Card;
use crate::ui::chart::waterfall::{Waterfall, WaterfallRow};
use crate::ui::format::millis;
use crate::ui::notice::{Empty, Failed};

/// The cause of a failure, and the request as client and server saw it.
#[component]
pub fn ExchangeCard(
    /// What the server recorded.
    request: LoggedRequest,
) -> impl IntoView {
    let Some((run, seq)) = request.run.zip(request.seq) else {
        return view! { <Cause text=cause(&request, None) /> }.into_any();
    };
    let content = async move {
        let exchange = get_exchange(run, seq).await;
        let known = exchange.as_ref().ok().and_then(Option::as_ref);
        let cause = cause(&request, known);
        view! {
            <Cause text=cause />
            <BothSides exchange request />
        }
        .into_any()
    };
    view! { <Suspense>{Suspend::new(content)}</Suspense> }.into_any()
}

/// Why the request failed, as far as that is known.
#[component]
fn Cause(text: Option<&'static str>) -> impl IntoView {
    text.map(|text| {
        view! {
            <Card id="cause-title" title="Cause">
                <p class="cause">{text}</p>
            </Card>
        }
    })
}

#[component]
fn BothSides(exchange: Result<Option<Exchange>, AppError>, request: LoggedRequest) -> impl IntoView {
    let content = match exchange {
        Ok(Some(exchange)) => view! { <Times exchange request /> }.into_any(),
        Ok(None) | Err(AppError::NotFound) => {
            view! { <Empty>"The run has no record of this request any more: it was deleted, or it is too old."</Empty> }
                .into_any()
        }
        Err(error) => view! { <Failed what="The client's record could not be loaded." error /> }.into_any(),
    };
    view! {
        <Card id="exchange-title" title="Client and server" class="exchange">
            {content}
        </Card>
    }
    .into_any()
}

/// The times of the request, as bars and in numbers.
#[component]
fn Times(exchange: Exchange, request: LoggedRequest) -> impl IntoView {
    let facts = [
        ("Scheduling delay: sent after it was due", exchange.scheduling_delay),
        ("Service time: as the client saw it", exchange.service_time),
        ("Server time: as the server measured it", exchange.server_time),
        ("Elsewhere: connection, kernel, scheduling", exchange.elsewhere),
        ("Response time: since the planned time", exchange.response_time),
    ];
    let fact = |(name, value): (&'static str, Option<f64>)| {
        view! {
            <div class="fact">
                <dt>{name}</dt>
                <dd>{millis(value)}</dd>
            </div>
        }
    };
    let chart = bars(&exchange, &request).map(|row| {
        let sentence = sentence(&row);
        view! {
            <Waterfall
                id="both-sides"
                title="When it was sent, served and received"
                sentence=Signal::stored(sentence)
                rows=Signal::stored(vec![row])
            />
        }
    });
    view! {
        {chart}
        <dl class="facts">{facts.map(fact).collect_view()}</dl>
    }
    .into_any()
}

/// The bars of the request, if the client's side of it is known.
fn bars(exchange: &Exchange, request: &LoggedRequest) -> Option<WaterfallRow> {
    let outcome = exchange.outcome.as_deref().unwrap_or("unknown");
    Some(WaterfallRow {
        name: format!("#{}", exchange.seq),
        call: format!("{} {} · {outcome}", request.method, request.route),
        request_id: Some(request.request_id.to_string()),
        wanted: exchange.wanted?,
        sent: exchange.sent?,
        server: exchange.arrived.zip(exchange.answered),
        received: exchange.received?,
    })
}

/// How long the request took, from its planned time on.
fn sentence(row: &WaterfallRow) -> String {
    let total = millis(Some(row.received - row.wanted));
    let server =
        row.server.map(|(arrived, responded)| format!(", {} of it in the server", millis(Some(responded - arrived))));
    format!("It took {total} from its planned time on{}.", server.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::origin::RunId;

    #[test]
    fn the_bars_are_those_of_both_sides() {
        let request = LoggedRequest {
            request_id: Uuid::from_u128(1),
            at: 0,
            method: "GET".into(),
            route: "/api/v1/users".into(),
            status: 200,
            duration: 6.0,
            run: Some(RunId(Uuid::from_u128(2))),
            seq: Some(7),
        };
        let exchange = Exchange {
            seq: 7,
            outcome: Some("200".to_owned()),
            wanted: Some(100.0),
            sent: Some(101.0),
            arrived: Some(102.0),
            answered: Some(108.0),
            received: Some(110.0),
            ..Exchange::default()
        };
        let row = bars(&exchange, &request).expect("bars");
        assert_eq!((row.name.as_str(), row.call.as_str()), ("#7", "GET /api/v1/users · 200"));
        assert_eq!(sentence(&row), "It took 10.0 ms from its planned time on, 6.00 ms of it in the server.");
        let unseen = Exchange { arrived: None, ..exchange.clone() };
        assert_eq!(sentence(&bars(&unseen, &request).expect("bars")), "It took 10.0 ms from its planned time on.");
        assert_eq!(bars(&Exchange { sent: None, ..exchange }, &request), None, "the client's side is not known");
    }
}
