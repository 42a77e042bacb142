//! Answers are compressed on their way out, where that saves something.
//!
//! Only complete bodies are: pages, answers of server functions, JSON, exports, metrics. A live stream is not, because
//! its events would wait in the compressor. The page's files were compressed when they were built. The users API stays
//! outside, so that what is measured there is the API itself. No answer ever contains a secret, so its length can't
//! tell one (BREACH).

use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// From so many bytes on: what is smaller fits into one packet anyway.
const WORTH_IT: u64 = 1024;

/// The layer around our own routes. Its level is the fastest one: the pages repeat themselves so much that a slower one
/// saves little.
pub(super) fn complete_bodies() -> CompressionLayer<impl Predicate + Send + Sync + 'static> {
    let worth_it = SizeAbove::new(WORTH_IT).and(NotForContentType::SSE).and(NotForContentType::IMAGES);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it)
}
