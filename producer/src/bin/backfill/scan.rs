//! One scan of the selection: page, decide, publish, save. The dry run and the real run share it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use producer::{
    UserId,
    cli::{Failure, repeat},
};
use shared::{
    phone::{E164, Rejection},
    templates::{self, Language},
};
use sqlx::{Executor, PgPool, Postgres, pool::PoolConnection};
use uuid::Uuid;

use crate::{
    channels::{self, By, BySms, Message, Recipient, Ways, Whatsapp},
    context::Context,
    counts::Quota,
    page::{self, Enqueued, Place},
    plan::{Action, Expect, TakenNumbers, decide, lacking_consent},
    progress::{Phase, ProgressReporter},
    publish::{Sink, until_ready},
    report::{Ending, Report},
    runs::Run,
    selection::{Candidate, Selection},
};

const PREPARE: &str = "SET client_min_messages = warning;
    CREATE TEMPORARY TABLE IF NOT EXISTS numbers_seen (phone_e164 text PRIMARY KEY);
    TRUNCATE numbers_seen";

/// A scan of the remaining users of a run.
pub(crate) struct Scan<'a> {
    context: &'a Context,
    /// None for a dry run, which saves nothing.
    run: Option<Uuid>,
    selection: Selection,
    seen: NumbersSeen,
    /// None: welcomes do not go by WhatsApp.
    whatsapp: Option<Whatsapp>,
    /// The scan has processed the users up to this id.
    pub(crate) cursor: String,
    pub(crate) report: Report,
}

impl<'a> Scan<'a> {
    /// Opens a scan from the cursor of `run` on. A `dry` scan saves nothing.
    pub(crate) async fn open(
        context: &'a Context,
        run: &Run,
        dry: bool,
        mut selection: Selection,
    ) -> Result<Self, Failure> {
        let ahead = selection.count(&run.cursor).await?;
        let seen = NumbersSeen::none(&context.pool).await?;
        let id = (!dry).then_some(run.id);
        let mut report = Report::new(id, run.options.clone(), run.counts.clone(), ahead);
        report.unknown_ids = selection.unknown_ids().await?;
        let whatsapp = repeat(|| Whatsapp::read(&context.pool, &context.settings)).await?;
        report.whatsapp_is_held = whatsapp.as_ref().is_some_and(|whatsapp| whatsapp.is_held);
        let cursor = run.cursor.clone();
        let mut scan = Self { context, run: id, selection, seen, whatsapp, cursor, report };
        scan.recall(run.id).await?;
        Ok(scan)
    }

    /// Loads the numbers of the users before the cursor, so that a later user with one of them shares the phone.
    async fn recall(&mut self, run: Uuid) -> Result<(), Failure> {
        let (pool, mut after) = (&self.context.pool, String::new());
        loop {
            let page = repeat(|| page::behind(pool, run, &after, &self.cursor)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            last.user_id.clone_into(&mut after);
            let numbers = &self.context.settings.numbers;
            let read = page
                .iter()
                .filter_map(|user| numbers.textable(&user.phone_raw, user.country_hint.as_deref()).ok());
            let texts: Vec<String> = read.map(|phone| phone.e164.as_str().to_owned()).collect();
            self.seen.add(&texts).await?;
        }
    }

    /// Scans to the end, or until `welcomes` users are enqueued to be welcomed. In the second case it returns none.
    pub(crate) async fn advance(
        &mut self,
        sink: &mut Sink,
        welcomes: Option<u64>,
    ) -> Result<Option<Ending>, Failure> {
        let phase = if sink.is_dry() { Phase::Planning } else { Phase::Enqueueing };
        let mut reporter = ProgressReporter::new(phase, self.report.selected, self.context.args.showing);
        loop {
            let quota = Quota::of(&self.report.counts.enqueued, self.report.limit(), welcomes);
            if self.context.stop.is_cancelled() {
                return Ok(Some(Ending::Interrupted));
            } else if self.report.is_halted() {
                return Ok(Some(Ending::Refused));
            } else if quota.limit == Some(0) {
                return Ok(Some(Ending::Limit));
            } else if quota.welcomes == Some(0) {
                return Ok(None);
            }
            until_ready(sink, self.context, self.report.done(), &mut reporter).await;
            let page = self.selection.page(&self.cursor, sink.page()).await?;
            if page.is_empty() {
                return Ok(Some(Ending::Complete));
            }
            self.page(page, sink, quota).await?;
            reporter.moved(self.report.done());
        }
    }

    async fn page(&mut self, page: Vec<Candidate>, sink: &mut Sink, quota: Quota) -> Result<(), Failure> {
        let mut planned = self.plan(page).await?;
        planned.truncate(quota.fits(planned.iter().map(|one| one.action)));
        share_repeated_numbers(&mut planned, &mut self.seen).await?;
        if let Some(room) = self.whatsapp.as_mut().and_then(|whatsapp| whatsapp.room.as_mut()) {
            admit(&mut planned, room);
        }
        let (mut users, mut read) = (Vec::new(), Vec::new());
        let mut expected = Vec::new();
        for Planned { user, number, action, lacks_template, .. } in planned {
            self.report.number(&user.user_id, &user.phone_raw, number);
            self.report.missing_template(lacks_template.filter(|_| action.waits_or_welcomes()));
            user.user_id.as_str().clone_into(&mut self.cursor);
            match action {
                Action::Skip(skip) => self.report.skip(skip),
                Action::Enqueued(expect) => self.report.enqueued_before(expect),
                Action::Enqueue(expect) => {
                    read.push(user.updated_at);
                    users.push(user.user_id);
                    expected.push(expect);
                }
            }
        }
        self.enqueue(&users, &read, &expected, sink).await
    }

    async fn plan(&self, page: Vec<Candidate>) -> Result<Vec<Planned>, Failure> {
        let numbers: Vec<Result<E164, Rejection>> = page.iter().map(|user| self.number(user)).collect();
        let texts: Vec<String> = numbers.iter().flatten().map(|number| number.as_str().to_owned()).collect();
        let mut taken = repeat(|| TakenNumbers::of_numbers(&self.context.pool, &texts)).await?;
        let users: Vec<(&str, &str)> = page
            .iter()
            .zip(&numbers)
            .filter_map(|(user, number)| Some((user.user_id.as_str(), number.as_ref().ok()?.as_str())))
            .collect();
        if self.context.settings.consent_required {
            taken.without_consent = repeat(|| lacking_consent(&self.context.pool, &users)).await?;
        }
        let mut recipients = HashMap::new();
        if self.whatsapp.is_some() {
            recipients = repeat(|| channels::recipients(&self.context.pool, &users)).await?;
            let silenced = recipients.iter().filter(|(_, recipient)| recipient.silenced);
            taken.silenced = silenced.map(|(user, _)| user.clone()).collect();
        }
        let planned = page.into_iter().zip(numbers).map(|(user, number)| {
            let ways = self.ways(&user, &taken, recipients.get(user.user_id.as_str()));
            let decide = |way| decide(&user, number, &taken, way);
            let (action, when_full) = (decide(ways.now), decide(ways.when_full));
            Planned { user, number, action, when_full, lacks_template: ways.lacks_template }
        });
        Ok(planned.collect())
    }

    /// How the welcome of a user goes. Without a usable number it goes nowhere, and this does not matter.
    fn ways(&self, user: &Candidate, taken: &TakenNumbers, recipient: Option<&Recipient>) -> Ways {
        let settings = &self.context.settings;
        let language = Language::of_tag_or(user.language.as_deref(), settings.language);
        let segments = u32::try_from(templates::welcome(language).segments().segments).unwrap_or(u32::MAX);
        let sms = BySms { segments, lacks_consent: taken.lacks_consent(&user.user_id) };
        match (&self.whatsapp, recipient) {
            (Some(whatsapp), Some(recipient)) => {
                whatsapp.ways(settings, user.user_id.as_str(), language, recipient, sms)
            }
            _ => Ways::by_sms(sms),
        }
    }

    async fn enqueue(
        &mut self,
        users: &[UserId],
        read: &[DateTime<Utc>],
        expected: &[Expect],
        sink: &mut Sink,
    ) -> Result<(), Failure> {
        let published = sink.publish(users, &self.context.stop).await;
        let confirmed: Vec<Enqueued<'_>> =
            published.confirmed.iter().map(|at| Enqueued { user_id: &users[*at], read: read[*at] }).collect();
        self.report.published(expected, published);
        let Some(run) = self.run else { return Ok(()) };
        // If the broker refused a part of the page, `--resume` scans the page again.
        let whole = !self.report.is_halted();
        let place = whole.then_some(Place { cursor: &self.cursor, counts: &self.report.counts });
        repeat(|| page::save(&self.context.pool, run, &confirmed, place.as_ref())).await?;
        Ok(())
    }

    fn number(&self, user: &Candidate) -> Result<E164, Rejection> {
        let numbers = &self.context.settings.numbers;
        numbers.textable(&user.phone_raw, user.country_hint.as_deref()).map(|phone| phone.e164)
    }
}

/// A user with the planned action.
struct Planned {
    user: Candidate,
    number: Result<E164, Rejection>,
    action: Action,
    /// The action if WhatsApp takes no more people.
    when_full: Action,
    /// The user could be reached by WhatsApp, and no template may be sent in this language.
    lacks_template: Option<Language>,
}

impl Planned {
    /// The number of a user that the run expects to welcome.
    fn welcomed(&self) -> Option<&E164> {
        let welcome = self.action.expected().is_some_and(|expect| matches!(expect, Expect::Welcome(_)));
        self.number.as_ref().ok().filter(|_| welcome)
    }

    fn goes_by_whatsapp(&self) -> bool {
        let by = |expect| matches!(expect, Expect::Welcome(Message { by: By::Whatsapp(_), .. }));
        self.action.expected().is_some_and(by)
    }

    fn share(&mut self) {
        match &mut self.action {
            Action::Enqueue(expect) | Action::Enqueued(expect) => *expect = Expect::SharedPhone,
            Action::Skip(_) => {}
        }
    }
}

/// Changes the expected result of every user except the first of this run with the number.
async fn share_repeated_numbers(planned: &mut [Planned], seen: &mut NumbersSeen) -> Result<(), sqlx::Error> {
    let numbers: Vec<String> =
        planned.iter().filter_map(Planned::welcomed).map(|number| number.as_str().to_owned()).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let mut new = seen.add(&numbers).await?;
    for one in planned {
        if one.welcomed().is_some_and(|number| !new.remove(number.as_str())) {
            one.share();
        }
    }
    Ok(())
}

/// Has no more people be written to by WhatsApp than there is `room` for. The others wait for it, and go by SMS if they may.
fn admit(planned: &mut [Planned], room: &mut u64) {
    for one in planned.iter_mut().filter(|one| one.goes_by_whatsapp()) {
        match room.checked_sub(1) {
            Some(left) => *room = left,
            None => one.action = one.when_full,
        }
    }
}

/// The numbers that this run has seen. They are kept in a temporary table, so that memory here does not grow with the
/// number of users.
struct NumbersSeen(PoolConnection<Postgres>);

impl NumbersSeen {
    /// An empty set.
    async fn none(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut session = pool.acquire().await?;
        session.execute(PREPARE).await?;
        Ok(Self(session))
    }

    /// Adds `numbers` and returns the new ones. The statement is not checked at compile time: the table is temporary.
    async fn add(&mut self, numbers: &[String]) -> Result<HashSet<String>, sqlx::Error> {
        let added: Vec<String> = sqlx::query_scalar(
            "INSERT INTO numbers_seen SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING phone_e164",
        )
        .bind(numbers)
        .fetch_all(&mut *self.0)
        .await?;
        Ok(added.into_iter().collect())
    }
}
