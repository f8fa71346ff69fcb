//! The actions of the steps. Each calls the same functions as the worker, a command or an operator's decision.

use std::time::Duration;

use axum::{body::Body, http::Request};
use chrono::{DateTime, Utc};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use shared::{
    consent::{Door, Person, Source, doors},
    domain::{AttemptOutcome, UserState},
    lane::{Lane, QueueLane},
    phone::E164,
};
use sqlx::Executor;

use super::{
    check,
    database::{self, Tables},
    delivery::Delivery,
    steps::{Answer, Fate, NUMBERS, STATUSES, Step, USERS},
    twilio::{ACCOUNT, Call},
    world::{Found, PUBLIC_URL, TOKEN, World, newest, probe},
};
use crate::{
    http::status_callbacks,
    reconcile::{
        adopt,
        bulk_settle::{BulkSettle, Order},
    },
    replay,
    store::{
        attempts::Heap,
        dead_letters::{self, DeadLetter, settle},
        leases,
        needs_review::{self, ReviewDecision, ReviewItem, ReviewResult},
        pauses, prune, reopen, sweep,
    },
    tasks::driver::Task as _,
    twilio::{MessageSid, MessageStatus, sign_form},
};

const BY: (&str, &str) = ("staff", "search");
const BY_STAFF: Door<'static> =
    Door { source: Source::Staff, actor: BY.0, reason: BY.1, action: Some("suppress") };
/// By then everybody has come to an end.
const ROUNDS: usize = 12;
/// Recovers from every fault. Restarted workers give their deliveries back and forget that a day's budget is used up.
/// The time is enough for the longest wait.
const ROUND: [Step; 8] = [
    Step::Kill { worker: 0 },
    Step::Kill { worker: 1 },
    Step::Breaker { worker: 0, due: true, mended: true, answer: Answer::Accepted },
    Step::Breaker { worker: 1, due: true, mended: true, answer: Answer::Accepted },
    Step::Pass { minutes: 1_500 },
    Step::Sweep { worker: 0, marked: true },
    Step::Resolve { worker: 0 },
    Step::Resolve { worker: 1 },
];

fn names(users: Vec<sweep::Due>) -> Vec<String> {
    users.into_iter().map(|user| user.user_id).collect()
}

impl World {
    /// Does one step, and looks whether all is as promised.
    pub(super) async fn step(&mut self, step: Step) -> Found {
        self.act(step).await?;
        self.look(Some(step)).await
    }

    /// Nothing more happens: every user with an event reaches a final state.
    pub(super) async fn rest(&mut self) -> Found {
        for step in [Step::Resume, Step::Mark, Step::Replay] {
            self.act(step).await?;
        }
        for _ in 0..ROUNDS {
            for step in ROUND {
                self.act(step).await?;
            }
            while !self.queue.is_empty() {
                self.take(0, 0, Fate::End, Answer::Accepted).await?;
            }
            self.look(None).await?;
            if !self.tables.users.iter().any(|u| u.state == UserState::Received) {
                return Ok(());
            }
        }
        Err("somebody comes to no end".to_owned())
    }

    async fn look(&mut self, step: Option<Step>) -> Found {
        let now = database::read(&self.pool).await;
        self.note_allowed(&now);
        check::all(self, &now, step)?;
        self.tables = now;
        Ok(())
    }

    /// An attempt without an end frees its number only by an operator's decision or by the policy.
    fn note_allowed(&mut self, now: &Tables) {
        for attempt in now.attempts.iter().filter(|a| !a.blocks) {
            let Some(before) = self.tables.attempt(attempt.message_id) else { continue };
            let phone = attempt.phone_e164.clone();
            if attempt.reopened && !before.reopened {
                *self.allowed.entry(phone).or_default() += 1;
            } else if before.blocks && attempt.outcome == AttemptOutcome::Unknown {
                *self.by_policy.entry(phone.clone()).or_default() += 1;
                *self.allowed.entry(phone).or_default() += 1;
            }
        }
    }

    async fn act(&mut self, step: Step) -> Found {
        match step {
            Step::Signup { user, number, older, timed } => {
                let (user, raw) = (USERS[user], NUMBERS[number].0);
                let at = self.tell(user, raw, older);
                self.queue.push(Delivery::signup(user, raw, at, timed));
            }
            Step::Import { user, number, older } => self.import(USERS[user], NUMBERS[number], older).await,
            Step::Backfill { user } => {
                if let Some(read) = database::candidate(&self.pool, USERS[user]).await {
                    self.enqueue(USERS[user], QueueLane::Backfill);
                    self.marks.push((USERS[user], read));
                }
            }
            Step::Mark => {
                for (user, read) in std::mem::take(&mut self.marks) {
                    database::mark(&self.pool, user, read).await;
                    self.overlooked.insert(user.to_owned());
                }
            }
            Step::Take { worker, nth, fate, answer } => self.take(worker, nth, fate, answer).await?,
            Step::GoOn { nth, fate, answer } => self.go_on(nth, fate, answer).await?,
            Step::Kill { worker } => self.kill(worker).await,
            Step::Pass { minutes } => self.pass(minutes).await,
            Step::Sweep { worker, marked } => self.sweep(worker, marked).await,
            Step::Resolve { worker } => {
                self.workers[worker].reconciler(&self.config).step().await.unwrap();
            }
            Step::Poll { worker } => {
                self.workers[worker].poller(Duration::ZERO, Duration::ZERO).step().await.unwrap();
            }
            Step::Breaker { worker, due, mended, answer } => self.breaker(worker, due, mended, answer).await,
            Step::Callback { worker, nth, status, named } => self.callback(worker, nth, status, named).await,
            Step::Show => self.twilio.ledger().messages.iter_mut().for_each(|m| m.listed = true),
            Step::Reopen { nth } => self.decide(nth, ReviewDecision::Reopen).await?,
            Step::MarkSent { nth } => self.decide(nth, ReviewDecision::MarkSent).await?,
            Step::Adopt { nth, message } => self.adopt(nth, message).await?,
            Step::Settle { reopen } => self.settle_all(reopen).await,
            Step::ReopenEnded { user } => self.reopen_ended(USERS[user]).await,
            Step::Suppress { number } | Step::Lift { number } => {
                let Some(phone) = NUMBERS[number].1.and_then(|n| E164::parse(n).ok()) else { return Ok(()) };
                if matches!(step, Step::Lift { .. }) {
                    doors::lift(&self.pool, Person::Number(&phone), &BY_STAFF).await.unwrap();
                } else {
                    doors::stop(&self.pool, Person::Number(&phone), &BY_STAFF).await.unwrap();
                }
            }
            Step::Pause { lane } => {
                let limit = pauses::Limit::default();
                pauses::pause(&self.pool, lane, limit, BY.0, BY.1).await.unwrap();
            }
            Step::Resume => {
                for lane in QueueLane::ALL {
                    pauses::resume(&self.pool, lane, BY.0, BY.1).await.unwrap();
                }
            }
            Step::Bury { nth } => self.bury(nth).await,
            Step::Replay => self.replay().await,
            Step::Prune => {
                for kind in prune::Kind::ALL {
                    prune::prune(&self.pool, kind, Duration::from_secs(86_400), BY).await.unwrap();
                }
            }
        }
        // Workers hear of a pause within seconds.
        for worker in &self.workers {
            worker.throttle.pauses.look(&self.pool).await.unwrap();
        }
        Ok(())
    }

    async fn import(&mut self, user: &str, number: (&str, Option<&str>), older: bool) {
        let at = self.tell(user, number.0, older);
        database::import(&self.pool, user, number, at).await;
        let now = database::read(&self.pool).await;
        let Some(row) = now.user(user).filter(|u| u.changed_at == at) else { return };
        self.settle(user, at);
        // A documented rule: a user who is stored again with another number waits for a backfill.
        if row.state == UserState::Stored
            && self.tables.user(user).is_some_and(|u| u.state != UserState::Stored)
        {
            self.evident.remove(user);
            self.hands.iter_mut().filter(|h| h.delivery.event().0 == user).for_each(|h| h.anew = true);
        }
    }

    async fn pass(&mut self, minutes: u32) {
        let time = chrono::Duration::minutes(i64::from(minutes));
        database::pass(&self.pool, minutes).await;
        self.marks.iter_mut().for_each(|(_, read)| *read -= time);
        self.twilio.ledger().messages.iter_mut().for_each(|m| m.made -= time);
    }

    /// As [`crate::tasks::sweeper`] does; the broker is the queue of this world.
    async fn sweep(&mut self, n: usize, marked: bool) {
        let worker = self.workers[n].clone();
        leases::expire(&self.pool, Heap::Welcomes, self.config.timing.first_check()).await.unwrap();
        if worker.throttle.breaker.is_open(Lane::Live) {
            return;
        }
        let grace = self.config.timing.sweep_grace;
        for lane in QueueLane::ALL {
            let mut tx = self.pool.begin().await.unwrap();
            let due = names(sweep::due(&mut tx, lane, 500).await.unwrap());
            let nothing_left = self.queue.is_empty() && self.hands.is_empty();
            for user in &due {
                self.enqueue(user, lane);
            }
            if !marked {
                tx.rollback().await.unwrap();
                return self.kill(n).await;
            }
            sweep::enqueued(&mut tx, &due).await.unwrap();
            if nothing_left {
                let lost = names(sweep::lost(&mut tx, lane, grace, None, 500).await.unwrap());
                for user in &lost {
                    self.enqueue(user, lane);
                }
                sweep::rescued(&mut tx, &lost).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
    }

    async fn breaker(&mut self, n: usize, due: bool, mended: bool, answer: Answer) {
        if self.is_busy(n) {
            return;
        }
        if due {
            let sql = "UPDATE breaker SET next_probe_at = now() WHERE closed_at IS NULL";
            self.pool.execute(sql).await.unwrap();
        }
        {
            let mut ledger = self.twilio.ledger();
            ledger.account_refused &= !mended;
            ledger.next = Some(Call { answer, held: None });
        }
        probe(&self.workers[n]).await;
        self.twilio.ledger().next = None;
    }

    /// A message ends once. Other reports come late.
    async fn callback(&mut self, n: usize, nth: usize, status: usize, named: bool) {
        let (mut status, mut code) = STATUSES[status];
        let (sid, to, url) = {
            let mut ledger = self.twilio.ledger();
            let Some(at) = newest(ledger.messages.len(), nth) else { return };
            let message = &mut ledger.messages[at];
            let is_final = |status: &str| MessageStatus::parse(status).is_final();
            if is_final(status) && is_final(message.status.0) {
                (status, code) = message.status;
            } else if !is_final(message.status.0) {
                message.status = (status, code);
            }
            (message.sid.clone(), message.to.clone(), message.callback.clone())
        };
        let address = if named { url.split('#').next() } else { url.split('?').next() }.unwrap_or_default();
        let code = code.map(|c| c.to_string());
        let mut fields =
            vec![("AccountSid", ACCOUNT), ("MessageSid", &sid), ("To", &to), ("MessageStatus", status)];
        fields.extend(code.as_deref().map(|code| ("ErrorCode", code)));
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let request = Request::post(address.strip_prefix(PUBLIC_URL).unwrap_or(address))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("X-Twilio-Signature", sign_form(&TOKEN.to_owned().into(), address, &fields).unwrap())
            .body(Body::from(form))
            .unwrap();
        let receiver = self.workers[n].receiver(&self.config).unwrap().unwrap();
        let routes = status_callbacks::routes(receiver);
        let response = TowerToHyperService::new(routes).call(request).await.unwrap();
        assert_eq!(response.status(), 204);
    }

    async fn unknown(&self, nth: usize) -> Option<ReviewItem> {
        let mut open = needs_review::list(&self.pool).await.unwrap();
        Some(open.remove(newest(open.len(), nth)?))
    }

    async fn decide(&self, nth: usize, decision: ReviewDecision) -> Found {
        let Some(open) = self.unknown(nth).await else { return Ok(()) };
        self.carry_out(&open, &decision).await
    }

    async fn carry_out(&self, open: &ReviewItem, decision: &ReviewDecision) -> Found {
        let said =
            needs_review::decide(&self.pool, open, decision, BY, &*self.workers[0].meanings).await.unwrap();
        let changed = self.tables.differ(&database::read(&self.pool).await);
        if changed == (said == ReviewResult::AnsweredFirst) {
            return Err(format!("{decision:?} says {said:?}, and something was changed: {changed}"));
        }
        Ok(())
    }

    async fn adopt(&self, nth: usize, message: usize) -> Found {
        let Some(open) = self.unknown(nth).await else { return Ok(()) };
        let sid = {
            let ledger = self.twilio.ledger();
            newest(ledger.messages.len(), message).map(|at| ledger.messages[at].sid.clone())
        };
        let Some(sid) = sid.and_then(|sid| MessageSid::parse(&sid).ok()) else { return Ok(()) };
        match adopt::fetch(&self.pool, &self.workers[0].client, &sid, &open).await {
            Ok(decision) => self.carry_out(&open, &decision).await,
            Err(_) => Ok(()),
        }
    }

    async fn settle_all(&self, reopen_absent: bool) {
        let worker = &self.workers[0];
        let settle = BulkSettle::new(
            self.pool.clone(),
            worker.client.clone(),
            worker.channels.clone(),
            worker.meanings.clone(),
        );
        let (since, until) = (DateTime::UNIX_EPOCH, Utc::now());
        let (actor, reason) = (BY.0.to_owned(), BY.1.to_owned());
        let order = Order { since, until, reopen_absent, dry_run: false, actor, reason };
        let found = settle.find(&order).await.unwrap();
        for attempt in &found.attempts {
            // Err: Twilio refuses the account, and nothing is learned.
            let _ = settle.settle(attempt, found.as_of, &order).await;
        }
    }

    async fn reopen_ended(&self, user: &str) {
        let Some(reason) = self.tables.user(user).and_then(|u| u.shown_reason.clone()) else { return };
        let users = reopen::candidates(&self.pool, &reason).await.unwrap();
        reopen::reopen(&self.pool, &users, &reason, BY.0, BY.1).await.unwrap();
    }

    /// The broker gives up on a delivery.
    async fn bury(&mut self, nth: usize) {
        let Some(at) = newest(self.queue.len(), nth) else { return };
        let delivery = self.queue.remove(at);
        let letter = DeadLetter {
            reason: "broker",
            detail: "given up",
            lane: None,
            routing_key: "",
            message_id: Some(&delivery.id),
            published_at: Some(delivery.published_at),
            headers: &serde_json::json!({}),
            body: &delivery.body,
        };
        dead_letters::bury(&self.pool, &letter).await.unwrap();
        self.overlooked.insert(delivery.event().0);
    }

    async fn replay(&mut self) {
        let sql = "SELECT id FROM dead_letters WHERE replayed_at IS NULL ORDER BY id";
        let ids: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&self.pool).await.unwrap();
        let mut tx = self.pool.begin().await.unwrap();
        for letter in settle::take(&mut tx, &ids).await.unwrap() {
            let event = replay::outgoing(&letter).expect("every body can be read");
            self.queue.push(Delivery::of(&event));
        }
        let verdict = settle::Verdict { actor: BY.0, because: BY.1 };
        settle::replayed(&mut tx, &ids, &verdict).await.unwrap();
        tx.commit().await.unwrap();
    }
}
