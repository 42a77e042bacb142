//! The names of enum variants on the wire. Their one source is what serde's derive makes of an enum, so that JSON,
//! forms, addresses and columns of the database always use the same names.

use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// The name of a variant without fields, as serde writes it.
///
/// # Panics
/// If `T` is no enum, or serde does not read the names that it declares.
pub fn wire_name<T: DeserializeOwned + PartialEq>(variant: &T) -> &'static str {
    let mut names: &[&str] = &[];
    // Fails by design: all that is wanted of the derived code are the names that it declares.
    let _ = T::deserialize(DeclaredNames(&mut names));
    names.iter().find(|name| of_wire_name::<T>(name).as_ref() == Some(variant)).expect("serde reads its own names")
}

/// The variant without fields that has this name. `None` if there is none.
pub fn of_wire_name<T: DeserializeOwned>(name: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(name)).ok()
}

/// Holds no value, but notes the names of the variants that an enum's derived `Deserialize` declares.
struct DeclaredNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for DeclaredNames<'_> {
    type Error = Error;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = names;
        Err(Error::custom("there is no value"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("this is no enum"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Season {
        EarlySpring,
        #[serde(rename = "sommer")]
        Summer,
    }

    #[test]
    fn a_variant_has_the_name_that_serde_gives_it() {
        for (season, name) in [(Season::EarlySpring, "early-spring"), (Season::Summer, "sommer")] {
            assert_eq!(wire_name(&season), name);
            assert_eq!(of_wire_name(name), Some(season));
        }
        assert_eq!(of_wire_name::<Season>("Summer"), None);
    }
}
