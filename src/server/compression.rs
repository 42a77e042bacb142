//! Compresses responses where that saves something.
//!
//! Only complete bodies are compressed: pages, results of server functions, JSON, exports, metrics. A live stream is not,
//! because its events would wait in the compressor. Static files are compressed at build time. The users API is left out,
//! so that what is measured there is the API itself. No response ever contains a secret, so the compressed length can't
//! reveal one (BREACH).

use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// The smallest body that is compressed, in bytes: a smaller one fits into one packet anyway.
const SMALLEST: u64 = 1024;

/// The layer around our own routes. It uses the fastest level, because the pages are so repetitive that a slower level
/// saves little.
pub(super) fn complete_bodies() -> CompressionLayer<impl Predicate + Send + Sync + 'static> {
    let worth_it = SizeAbove::new(SMALLEST).and(NotForContentType::SSE).and(NotForContentType::IMAGES);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it)
}
