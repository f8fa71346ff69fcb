//! What the tests of the store share: a database of their own, users, claims and how they end.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use shared::{
    domain::{AttemptId, AttemptOutcome, Reason, UserId, UserState},
    erasure::ErasureKey,
    events::Signup,
    lane::QueueLane,
    phone::{CountryList, NumberPolicy, Region},
    templates::Language,
};
use sqlx::{Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    attempts::AttemptRef,
    callbacks::Callback,
    claim::ClaimRequest,
    ended::{Accepted, Ended, UserChange},
    record::NewState,
};
use crate::{
    config::Audience,
    facts::{Arrival, Facts, Origin, StoredNumber},
};

/// A database of one test.
pub(crate) struct Database {
    admin: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// An empty one.
    pub(crate) async fn create() -> Self {
        let database = Self::named();
        let mut connection = PgConnection::connect(&database.admin).await.unwrap();
        connection.execute(format!("CREATE DATABASE {}", database.name).as_str()).await.unwrap();
        database
    }

    /// One with every migration.
    pub(crate) async fn migrated() -> Self {
        let database = Self::named();
        support::create_migrated(&database.admin, &database.name).await.unwrap();
        database
    }

    fn named() -> Self {
        let admin = support::database_url();
        let name = format!("store_{}", Uuid::now_v7().simple());
        let mut url: url::Url = admin.parse().unwrap();
        url.set_path(&name);
        Self { admin, name, url: url.to_string() }
    }

    pub(crate) async fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(1).connect(&self.url).await.unwrap()
    }

    pub(crate) async fn drop(self) {
        let mut connection = PgConnection::connect(&self.admin).await.unwrap();
        connection.execute(format!("DROP DATABASE {} WITH (FORCE)", self.name).as_str()).await.unwrap();
    }
}

/// The facts of an event that names a stored user without data.
pub(super) fn stored_facts(of: &Facts) -> Arc<Facts> {
    let stored = StoredNumber { phone_raw: &of.phone_raw, country_hint: None, language: None };
    Arc::new(Facts::of_stored(of.user_id.clone(), stored, origin(), &AUDIENCE))
}

/// The signup of a user with a number of their own, now.
pub(super) fn facts(n: u32) -> Arc<Facts> {
    facts_at(&format!("new-{n:06}"), n, Utc::now())
}

/// A signup of `user` with the `number`th number, at that time.
pub(crate) fn facts_at(user: &str, number: u32, at: DateTime<Utc>) -> Arc<Facts> {
    let signup = Signup::new(UserId::parse(user).unwrap(), format!("984{number:07}"));
    Arc::new(Facts::of_signup(signup, at, origin(), &AUDIENCE))
}

pub(crate) const AUDIENCE: Audience = Audience {
    numbers: NumberPolicy { region: Region::NEPAL, countries: CountryList::Any },
    language: Language::Ne,
};

pub(super) fn origin() -> Origin {
    Origin {
        lane: QueueLane::Live,
        arrival: Arrival { at: Instant::now(), redelivered: false },
        traceparent: None,
        event_id: None,
    }
}

/// The key of the digests of erased people.
pub(crate) fn erasure_key() -> ErasureKey {
    ErasureKey::parse(&SecretString::from("ab".repeat(32))).unwrap()
}

pub(super) fn request(n: u32) -> ClaimRequest {
    wish_of(&facts(n))
}

pub(super) fn wish_of(facts: &Arc<Facts>) -> ClaimRequest {
    let message_id = AttemptId::new();
    let mut user = NewState::plain(facts.clone(), UserState::Registered, None);
    user.attempt = Some(message_id);
    let phone = facts.e164().unwrap().to_owned();
    ClaimRequest {
        user,
        message_id,
        phone,
        channel: shared::domain::Channel::Sms,
        body_sha256: [0; 32],
        content_sid: None,
        segments: 1,
    }
}

pub(super) fn ended(request: &ClaimRequest, accepted: bool) -> Ended {
    let change = UserChange {
        state: UserState::Received,
        reason: Reason::PathFault,
        again_in: None,
        counts: true,
        ends_with: Reason::RetriesExhausted,
    };
    let sid = format!("SM{}", request.message_id.uuid().simple());
    Ended {
        attempt: AttemptRef::welcome(request.message_id.uuid()),
        user_id: request.user.facts.user_id.to_string(),
        outcome: if accepted { AttemptOutcome::Accepted } else { AttemptOutcome::Refused },
        accepted: accepted.then(|| Accepted { sid, status: "accepted".into(), rank: 0 }),
        error_code: None,
        check_in: None,
        user: (!accepted).then_some(change),
        suppress: false,
    }
}

/// One that names the attempt by our id, or by its number alone.
pub(super) fn callback(request: &ClaimRequest, by_id: bool) -> Callback {
    let uuid = request.message_id.uuid();
    Callback {
        sid: format!("SM{}", uuid.simple()),
        to: request.phone.clone(),
        status: "sent".to_owned(),
        rank: 3,
        attempt: by_id.then_some(AttemptRef::welcome(uuid)),
        error_code: None,
    }
}
