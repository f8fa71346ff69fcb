//! JSON objects that are read into structs.
//!
//! serde also reads a struct from an array, item by item in the order of the fields: `[1]` would become a user
//! with id 1. All external JSON is therefore read as an [`Object`], at every level.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A value that is read only from an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Reads an object.
///
/// # Errors
/// As `serde_json`, and for values other than objects.
pub fn object_from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).map(|Object(value)| value)
}

/// Reads an object in UTF-8.
///
/// # Errors
/// As `serde_json`, and for values other than objects.
pub fn object_from_slice<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes).map(|Object(value)| value)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Inner {
        number: u8,
    }

    #[derive(Debug, Deserialize)]
    struct Outer<'a> {
        text: &'a str,
        #[serde(borrow)]
        raw: Option<&'a RawValue>,
        inner: Option<Object<Inner>>,
    }

    #[test]
    fn an_object_is_read_and_borrowed_from() {
        let text = r#" {"text":"a","raw":1.50,"inner":{"number":7},"more":[1]} "#;
        let outer: Outer<'_> = object_from_str(text).unwrap();
        assert_eq!((outer.text, outer.raw.map(RawValue::get)), ("a", Some("1.50")));
        assert_eq!(outer.inner.map(|Object(inner)| inner.number), Some(7));
        assert!(object_from_slice::<Outer<'_>>(text.as_bytes()).is_ok());
    }

    #[test]
    fn an_array_is_refused_at_every_level() {
        for text in [r#"["a",1,{"number":7}]"#, r#"{"text":"a","inner":[7]}"#, "[]", "7", "null", r#""a""#] {
            let error = object_from_str::<Outer<'_>>(text).unwrap_err();
            assert!(error.is_data(), "{text}: {error}");
        }
    }
}
