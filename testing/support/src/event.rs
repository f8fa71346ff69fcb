//! Event bodies, right or wrong, with every field in the test's hands.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// A signup event, as the portal would write it.
#[derive(Debug, Clone)]
pub struct EventBody(Value);

impl EventBody {
    /// `user` signed up now with `phone`.
    pub fn signup(user: &str, phone: &str) -> Self {
        Self(json!({
            "specversion": "1.0",
            "id": Uuid::now_v7().to_string(),
            "source": "/faults",
            "type": shared::events::SIGNED_UP,
            "time": text(Utc::now()),
            "data": { "user_id": user, "phone_number": phone },
        }))
    }

    /// The stored `user` is to be welcomed.
    pub fn stored(user: &str) -> Self {
        Self::signup(user, "").with("type", shared::events::BACKFILL).with("data", json!({ "user_id": user }))
    }

    /// It happened then.
    #[must_use]
    pub fn at(self, time: DateTime<Utc>) -> Self {
        self.with("time", text(time))
    }

    /// With another value of a field of the envelope.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0[field] = value.into();
        self
    }

    /// With another value of a field of the data.
    #[must_use]
    pub fn with_data(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0["data"][field] = value.into();
        self
    }

    /// Without a field of the envelope.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        if let Some(fields) = self.0.as_object_mut() {
            fields.remove(field);
        }
        self
    }

    /// The JSON.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
