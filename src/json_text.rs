//! The encoding of what the server functions return.
//!
//! It is JSON, as in Leptos' own `Json`, but is decoded from a text, and not from bytes: Leptos decodes the properties of
//! islands from a text, so the browser needs one decoder for each type instead of two. That is a tenth of the WebAssembly.

use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Responses as JSON, decoded from a text.
pub type JsonText = Post<TextEncoding>;

/// JSON that is decoded from a text.
pub struct TextEncoding;

impl ContentType for TextEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for TextEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for TextEncoding {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for TextEncoding {
    type Error = String;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        let bytes = TextEncoding::encode(&vec![1, 2]).expect("JSON");
        assert_eq!(bytes, "[1,2]");
        assert_eq!(TextEncoding::decode(bytes), Ok(vec![1, 2]));
        let refused: Result<Vec<i32>, String> = TextEncoding::decode(Bytes::from_static(b"\xff"));
        assert!(refused.is_err());
    }
}
