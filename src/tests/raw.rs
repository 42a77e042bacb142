//! Requests as they are written, byte by byte: no client brings their path into another form first.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Status, head and body of an answer.
#[derive(Clone, Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// The lines of the headers, with their names in lower case.
    head: Vec<String>,
    pub(crate) body: String,
}

impl RawAnswer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends the lines of a request's head, each without its end, to `HOST:PORT`; the connection is closed after the answer.
pub(crate) async fn send(to: &str, lines: &[&str]) -> RawAnswer {
    send_with_body(to, lines, "").await
}

/// The same with a body.
pub(crate) async fn send_with_body(to: &str, lines: &[&str], body: &str) -> RawAnswer {
    let mut connection = TcpStream::connect(to).await.expect("a connection");
    let request = format!("{}\r\nconnection: close\r\n\r\n{body}", lines.join("\r\n"));
    connection.write_all(request.as_bytes()).await.expect("written");
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).await.expect("an answer");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut head = head.lines();
    let status = head.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let lower = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line.to_owned(),
    };
    let head: Vec<String> = head.map(lower).collect();
    let chunked = head.iter().any(|line| line == "transfer-encoding: chunked");
    let body = if chunked { joined(body) } else { body.to_owned() };
    RawAnswer { status: status.unwrap_or_else(|| panic!("no answer to {lines:?}: {text:?}")), head, body }
}

/// The chunks of a body as one text.
fn joined(mut chunks: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        whole.push_str(&rest[..size]);
        chunks = rest[size..].trim_start_matches("\r\n");
    }
    whole
}
