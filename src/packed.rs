//! A value on its way from the server to the page, still as text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::AppError;

/// A value as JSON text: on the wire it looks as if it were not packed. What carries it (resources,
/// server functions, the card) is compiled once, for this type; the code that reads a value is where
/// the value is used, which may be a part of the page that is loaded later.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed(Box<RawValue>);

impl Packed {
    /// Packs a value.
    ///
    /// # Errors
    /// [`AppError::Internal`] for a value that JSON has no words for; none of ours is.
    pub fn pack<T: Serialize>(value: &T) -> Result<Self, AppError> {
        serde_json::value::to_raw_value(value).map(Self).map_err(|_| AppError::Internal(None))
    }

    /// The value.
    ///
    /// # Errors
    /// [`AppError::Unreachable`] when it is not one, as from a server of another version.
    pub fn unpack<T: DeserializeOwned>(&self) -> Result<T, AppError> {
        serde_json::from_str(self.0.get()).map_err(|_| AppError::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_as_if_it_were_not_packed() {
        let packed = Packed::pack(&Some(vec![1, 2])).expect("packs");
        assert_eq!(serde_json::to_string(&packed).expect("serializes"), "[1,2]");
        let back: Packed = serde_json::from_slice(b"[1,2]").expect("parses");
        assert_eq!(back.unpack::<Option<Vec<u8>>>(), Ok(Some(vec![1, 2])));
        assert_eq!(back.unpack::<String>(), Err(AppError::Unreachable));
    }
}
