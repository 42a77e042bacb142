//! The HTTP client of the generator. A request needs a [`Departed`] ticket of the gate to leave, and
//! one ticket is one request: it follows no redirect, retries nothing and uses no proxy.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::run_headers::{
    BAGGAGE, BAGGAGE_HEADER, KEY_HEADER, RUN_HEADER, SEQ_HEADER, Secret, TRACE_HEADER, trace, user_agent,
};
use super::shared_gate::Departed;
use crate::origin::RunId;
use crate::traffic::engine::mix::PlannedRequest;
use crate::traffic::engine::outcome::Fate;

/// How long a request may take until the end of its answer.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// A request that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The run to which the request belongs.
    pub run_id: RunId,
    /// The number of its slot in the plan.
    pub seq: u32,
    /// Proves that the request comes from the generator.
    pub secret: Secret,
    /// Method, path and body.
    pub request: PlannedRequest,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The status of the answer, or the kind of failure.
    pub fate: Fate,
    /// The id that the server gave the request, when there was an answer.
    pub request_id: Option<String>,
    /// When the answer was complete, or the failure known.
    pub ended: Instant,
}

/// Where the requests go: the users API, or a fake one in tests.
pub trait Target: Send + Sync + 'static {
    /// Sends one request and waits for the end of the answer. A failure is a completion, too.
    fn send(&self, outgoing: Outgoing, ticket: Departed) -> BoxFuture<'static, Completion>;
}

/// The users API, over real HTTP on the loopback.
#[derive(Clone, Debug)]
pub struct HttpTarget {
    client: reqwest::Client,
    base: String,
    pages: SocketAddr,
}

impl HttpTarget {
    /// Builds the client for a users API that listens on `address`. The pages of this server are at `pages`.
    ///
    /// # Errors
    /// When the client can't be built.
    pub fn new(address: SocketAddr, pages: SocketAddr) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(TIMEOUT)
            // Shorter than the server's header timeout: otherwise the server may close a connection
            // at the moment the client reuses it, which would look like a failure.
            .pool_idle_timeout(Duration::from_secs(4))
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { client, base: format!("http://{address}"), pages })
    }

    async fn exchange(self, outgoing: Outgoing, ticket: &Departed) -> Result<(u16, Option<String>), reqwest::Error> {
        let Outgoing { run_id, seq, secret, request } = outgoing;
        let method = match request.method {
            "POST" => reqwest::Method::POST,
            "PATCH" => reqwest::Method::PATCH,
            _ => reqwest::Method::GET,
        };
        let mut builder = self
            .client
            .request(method, format!("{}{}", self.base, request.path))
            .header(RUN_HEADER, run_id.to_string())
            .header(SEQ_HEADER, seq)
            .header(KEY_HEADER, secret.to_string())
            .header(TRACE_HEADER, trace(run_id, seq))
            .header(BAGGAGE_HEADER, BAGGAGE)
            .header("user-agent", user_agent(self.pages, run_id));
        if let Some(body) = request.body {
            builder = builder.header("content-type", "application/json").body(body);
        }
        let response = builder.send().await?;
        ticket.answered();
        let status = response.status().as_u16();
        let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        response.bytes().await?;
        Ok((status, request_id))
    }
}

fn fate(error: &reqwest::Error) -> Fate {
    if error.is_timeout() {
        Fate::Timeout
    } else if error.is_connect() {
        Fate::Connect
    } else {
        Fate::Transport
    }
}

impl Target for HttpTarget {
    fn send(&self, outgoing: Outgoing, ticket: Departed) -> BoxFuture<'static, Completion> {
        let target = self.clone();
        Box::pin(async move {
            let result = target.exchange(outgoing, &ticket).await;
            let ended = Instant::now();
            match result {
                Ok((status, request_id)) => Completion { fate: Fate::Answered(status), request_id, ended },
                Err(error) => Completion { fate: fate(&error), request_id: None, ended },
            }
        })
    }
}
