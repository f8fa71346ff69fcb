//! Optional fields whose JSON is read one by one, so that one that cannot be read can be named or left out.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Rejected;
use crate::{domain::Change, events::Dropped};

/// A field as written. It borrows its JSON.
#[derive(Clone, Copy, Default)]
pub(super) enum Field<'a> {
    #[default]
    Absent,
    Null,
    /// The JSON of any other value.
    Value(&'a str),
}

impl<'a, 'de: 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&'de RawValue>::deserialize(deserializer)?.get();
        Ok(if json == "null" { Self::Null } else { Self::Value(json) })
    }
}

/// What happens to a field that cannot be read.
pub(super) enum Unreadable<'d> {
    /// The event is rejected with the name of the field.
    Reject,
    /// The field is left out and counted.
    Drop(&'d mut Dropped),
}

impl Unreadable<'_> {
    /// Reads a field. `expected` completes the sentence "give …".
    pub(super) fn read<'a, T>(
        &mut self,
        field: Field<'a>,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Change<T>, Rejected> {
        let json = match field {
            Field::Absent => return Ok(Change::Keep),
            Field::Null => return Ok(Change::Clear),
            Field::Value(json) => json,
        };
        match (read(json), self) {
            (Some(value), _) => Ok(Change::Set(value)),
            (None, Self::Reject) => Err(cannot_be_read(name, expected)),
            (None, Self::Drop(dropped)) => {
                dropped.fields += 1;
                Ok(Change::Keep)
            }
        }
    }
}

/// The rejection of a field. It does not quote the content.
pub(super) fn cannot_be_read(name: &str, expected: &str) -> Rejected {
    Rejected::Schema(format!("{name} cannot be read: give {expected}"))
}

/// The text of a JSON string. Other values have none.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    serde_json::from_str(json).ok().map(|Text(text)| text)
}
