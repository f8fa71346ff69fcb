//! Claims, outcomes and decisions of a test, in a database of its own.

use std::{sync::Arc, time::Duration};

use shared::domain::{AttemptOutcome, Reason, UserState};
use sqlx::PgPool;

use super::{
    callbacks::{self, Effect},
    claim::{Claim, ClaimRequest, ClaimResult},
    ended::Ended,
    fixtures::{Database, callback, ended, erasure_key, facts_at, wish_of},
    needs_review::{self, ReviewDecision, ReviewResult},
    outcome::Outcome,
    record::{NewState, Record, Written},
    reported::Meaning,
    unknown::{self, Freed},
};
use crate::{facts::Facts, store::batch::Statement};

const RETRY_FOR: Duration = Duration::from_secs(3600);
/// Who decides in tests, and why.
pub(super) const BY: (&str, &str) = ("maya", "test");

/// A migrated database of one test, and what happens in it.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) pool: PgPool,
}

impl World {
    pub(crate) async fn create() -> Self {
        let database = Database::migrated().await;
        let pool = database.pool().await;
        Self { database, pool }
    }

    pub(crate) async fn end(self) {
        self.pool.close().await;
        self.database.drop().await;
    }

    pub(crate) async fn claim(&self, facts: &Arc<Facts>) -> (ClaimRequest, ClaimResult) {
        self.claim_within(facts, 0).await
    }

    pub(super) async fn claim_within(
        &self,
        facts: &Arc<Facts>,
        messages_per_day: i32,
    ) -> (ClaimRequest, ClaimResult) {
        let lease = Duration::from_secs(90);
        let claim = Claim {
            pool: self.pool.clone(),
            worker_id: "w".into(),
            lease,
            messages_per_day,
            erasure: Some(erasure_key()),
            whatsapp: None,
        };
        let requests = [wish_of(facts)];
        let granted = claim.run(&requests).await.unwrap()[0];
        let [request] = requests;
        (request, granted)
    }

    /// Claims the number of `facts` and gets no definite answer.
    /// A worker that does not have the key of the digests.
    pub(super) async fn claim_without_key(&self, facts: &Arc<Facts>) -> ClaimResult {
        let claim = Claim {
            pool: self.pool.clone(),
            worker_id: "w".into(),
            lease: Duration::from_secs(90),
            messages_per_day: 0,
            erasure: None,
            whatsapp: None,
        };
        claim.run(&[wish_of(facts)]).await.unwrap()[0]
    }

    pub(super) async fn unknown(&self, facts: &Arc<Facts>) -> ClaimRequest {
        let (request, granted) = self.claim(facts).await;
        assert_eq!(granted, ClaimResult::Yes);
        self.ends(Ended { outcome: AttemptOutcome::Unknown, user: None, ..ended(&request, false) }).await;
        request
    }

    pub(super) async fn ends(&self, ended: Ended) {
        self.outcome(0).run(&[ended]).await.unwrap();
    }

    pub(super) fn outcome(&self, messages_per_day: i32) -> Outcome {
        self.outcome_where(Meaning::default(), messages_per_day)
    }

    /// What every status of a message is to mean.
    pub(super) fn outcome_where(&self, meaning: Meaning, messages_per_day: i32) -> Outcome {
        let meanings = Arc::new(meaning);
        Outcome { pool: self.pool.clone(), retry_for: RETRY_FOR, messages_per_day, meanings }
    }

    pub(super) async fn settle(&self, request: &ClaimRequest, decision: &ReviewDecision) -> ReviewResult {
        let open = needs_review::find(&self.pool, request.message_id.uuid()).await.unwrap().unwrap();
        needs_review::decide(&self.pool, &open, decision, BY, &Meaning::default()).await.unwrap()
    }

    pub(super) async fn free_once(&self, request: &ClaimRequest) -> Freed {
        unknown::free_once(&self.pool, request.message_id.uuid()).await.unwrap()
    }

    pub(super) async fn calls_back(&self, request: &ClaimRequest) -> Effect {
        callbacks::take(&self.pool, &callback(request, true), &Meaning::default()).await.unwrap().effect
    }

    pub(crate) async fn link(&self, facts: &Arc<Facts>, holder: &ClaimRequest) -> Written {
        let mut state = NewState::plain(facts.clone(), UserState::Registered, Some(Reason::SharedPhone));
        state.holder = Some(holder.message_id.uuid());
        Record { pool: self.pool.clone(), erasure: None }.run(&[state]).await.unwrap()[0]
    }

    /// What a worker of the previous release does when an attempt ends without a message: linked users stay linked.
    pub(crate) async fn let_go_silently(&self, request: &ClaimRequest) {
        let sql = "UPDATE attempts SET outcome = 'deferred', blocks = false WHERE message_id = $1";
        sqlx::query(sql).bind(request.message_id.uuid()).execute(&self.pool).await.unwrap();
    }

    /// State, reason, whether the user is due, and whose attempt the row refers to.
    pub(crate) async fn user(&self, user: &str) -> String {
        let sql = "SELECT concat_ws(' ', u.state, coalesce(u.reason, '-'),
                                    CASE WHEN next_attempt_at <= now() THEN 'due' END, coalesce(a.user_id, '-'))
                   FROM users u LEFT JOIN attempts a ON a.message_id = u.attempt_id WHERE u.user_id = $1";
        sqlx::query_scalar(sql).bind(user).fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub(super) async fn blocks(&self, request: &ClaimRequest) -> bool {
        let sql = "SELECT blocks FROM attempts WHERE message_id = $1";
        sqlx::query_scalar(sql).bind(request.message_id.uuid()).fetch_one(&self.pool).await.unwrap()
    }
}

/// A signup of now.
pub(crate) fn now(user: &str, number: u32) -> Arc<Facts> {
    facts_at(user, number, chrono::Utc::now())
}
