//! HTTP statuses in words and colours.

use super::tone::Tone;

/// What a status says, in the words of HTTP. 499 is this server's own, as of others: the client went away before the
/// response.
pub fn status_words(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Header Fields Too Large",
        499 => "Client Disconnected",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        507 => "Insufficient Storage",
        _ => class_words(status),
    }
}

/// The words for a status by its class alone.
fn class_words(status: u16) -> &'static str {
    match status / 100 {
        1 => "Informational",
        2 => "Success",
        3 => "Redirect",
        4 => "Client Error",
        5 => "Server Error",
        _ => "Unknown",
    }
}

/// Whether a status is bad news: the server's faults are, the client's are worth a look, and the others say nothing.
pub fn status_tone(status: u16) -> Tone {
    match status {
        500.. => Tone::Bad,
        400.. => Tone::Warn,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_words_and_a_tone() {
        let rows = [
            (200, "OK", Tone::Plain),
            (299, "Success", Tone::Plain),
            (308, "Permanent Redirect", Tone::Plain),
            (404, "Not Found", Tone::Warn),
            (499, "Client Disconnected", Tone::Warn),
            (503, "Service Unavailable", Tone::Bad),
            (999, "Unknown", Tone::Bad),
        ];
        for (status, words, tone) in rows {
            assert_eq!((status_words(status), status_tone(status)), (words, tone), "{status}");
        }
    }
}
