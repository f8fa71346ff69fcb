//! A JSON value read as text if it can be, and as absent if not.
//!
//! One odd field must never turn an accepted message into an unknown outcome, and Twilio gives numbers both
//! as JSON numbers and as strings.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Text, number as text, or nothing. Borrows from the input unless the text has escapes.
#[derive(Clone, Debug, Default)]
pub(super) struct Loose<'a>(Option<Cow<'a, str>>);

impl Loose<'_> {
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(super) fn number(&self) -> Option<u32> {
        self.as_str()?.trim().parse().ok()
    }

    pub(super) fn into_string(self) -> Option<String> {
        self.0.map(Cow::into_owned)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Loose(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_and_numbers_and_passes_over_the_rest() {
        let json = r#"["SM1","a\u0062",21211,"30003",null,true,-1,1.5,[1,{"a":2}],{"b":[3]}]"#;
        let values: Vec<Loose<'_>> = serde_json::from_str(json).unwrap();
        let texts: Vec<Option<&str>> = values.iter().map(Loose::as_str).collect();
        assert_eq!(&texts[..4], [Some("SM1"), Some("ab"), Some("21211"), Some("30003")]);
        assert_eq!(&texts[4..], [None; 6]);
        assert_eq!(values[2].number(), Some(21211));
        assert_eq!(values[3].number(), Some(30003));
        assert_eq!(values[0].number(), None);
        assert!(matches!(values[0].0, Some(Cow::Borrowed(_))), "no copy without escapes");
    }
}
