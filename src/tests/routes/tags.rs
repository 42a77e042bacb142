//! The standard tags of simulated requests, as their target receives them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn each_simulated_request_has_a_trace_of_its_own_and_says_what_it_is() {
    let received: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let noted = Arc::clone(&received);
    let note = move |headers: HeaderMap| {
        noted.lock().expect("the list").push(headers);
        async { "{}" }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(note)).await });

    let server = TestServer::start_with(|config| config.development_target = Some(target)).await;
    let settings = json!({ "scenario": "normal", "duration": 5, "maxRps": 4, "endpoints": ["list"] });
    let id = server.start_run(&settings).await;
    let sent = server.closed(&id).await["stats"]["sent"].clone();

    let received = received.lock().expect("the list");
    assert_eq!(json!(received.len()), sent);
    let run: Uuid = id.parse().expect("an id");
    let agent = format!("traffic-simulator/{} (+{}/runs/{id})", env!("CARGO_PKG_VERSION"), server.base);
    let mut traces = BTreeSet::new();
    for headers in received.iter() {
        let text = |name: &str| headers[name].to_str().expect("a text").to_owned();
        let seq: u128 = text("x-traffic-seq").parse().expect("a number");
        assert_eq!((text("baggage"), text("user-agent")), ("synthetic_request=true".to_owned(), agent.clone()));
        let expected = format!("00-{:032x}-{:016x}-01", run.as_u128() ^ seq, seq + 1);
        assert_eq!(text("traceparent"), expected);
        traces.insert(expected);
    }
    assert_eq!(traces.len(), received.len());
}
