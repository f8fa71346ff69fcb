//! One pass over the stored users: page, judge, publish, mark.

use producer::{
    UserId,
    command::{Failure, Progress, repeat},
};
use shared::{
    message::{Language, catalogue},
    phone::{E164, Unusable},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    estimate::Estimate,
    mark,
    numbers_seen::NumbersSeen,
    numbers_taken::Taken,
    plan::judge,
    publish::Sink,
    report::Report,
    select::{self, Candidate},
    settings::Settings,
    verdict::{Expect, Verdict},
};

/// A backfill, dry or real.
pub(crate) struct Backfill<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) settings: &'a Settings,
    pub(crate) stop: &'a CancellationToken,
    pub(crate) quiet: bool,
}

type Number = Result<E164, Unusable>;

impl Backfill<'_> {
    /// Goes once over all users; ends earlier when told to stop, or when the broker refuses.
    pub(crate) async fn run(&self, sink: &Sink) -> Result<Report, Failure> {
        let total = select::count(self.pool).await?;
        let mut report = Report::new(sink.is_dry(), total);
        let label = if sink.is_dry() { "planned" } else { "enqueued or skipped" };
        let mut progress = Progress::new(label, total, self.quiet);
        let mut seen = NumbersSeen::none(self.pool).await?;
        let mut cursor = String::new();
        let complete = loop {
            if self.stop.is_cancelled() || report.is_halted() {
                break false;
            }
            let page = repeat(|| select::page(self.pool, &cursor)).await?;
            let Some(last) = page.last() else { break true };
            last.user_id.as_str().clone_into(&mut cursor);
            let plan = self.plan(&page, &mut seen, &mut report).await?;
            self.enqueue(plan, sink, &mut report).await?;
            progress.set(report.done());
        };
        report.close(complete, Estimate::of(report.enqueued.segments, self.settings));
        Ok(report)
    }

    /// Counts those who are skipped; gives those who are to be enqueued.
    async fn plan(
        &self,
        page: &[Candidate],
        seen: &mut NumbersSeen,
        report: &mut Report,
    ) -> Result<Vec<(UserId, Expect)>, Failure> {
        let numbers: Vec<Number> = page.iter().map(|user| self.number(user)).collect();
        let texts = texts(numbers.iter().flatten());
        let taken = repeat(|| Taken::of_numbers(self.pool, &texts)).await?;
        let mut chosen = Vec::new();
        for (user, number) in page.iter().zip(numbers) {
            report.number(&user.user_id, &user.phone_raw, number);
            match judge(user, number, &taken, self.segments(user)) {
                Verdict::Skip(skip) => report.skip(skip),
                Verdict::Enqueue(expect) => chosen.push((user.user_id.clone(), number, expect)),
            }
        }
        one_message_per_number(&mut chosen, seen).await?;
        Ok(chosen.into_iter().map(|(user, _, expect)| (user, expect)).collect())
    }

    async fn enqueue(
        &self,
        plan: Vec<(UserId, Expect)>,
        sink: &Sink,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let (users, expected): (Vec<UserId>, Vec<Expect>) = plan.into_iter().unzip();
        let published = sink.publish(&users, self.stop).await;
        if !sink.is_dry() && !published.confirmed.is_empty() {
            let confirmed: Vec<UserId> = published.confirmed.iter().map(|at| users[*at].clone()).collect();
            repeat(|| mark::enqueued(self.pool, &confirmed)).await?;
        }
        report.published(&expected, published);
        Ok(())
    }

    fn number(&self, user: &Candidate) -> Number {
        let read = self.settings.numbers.textable(&user.phone_raw, user.country_hint.as_deref());
        read.map(|phone| phone.e164)
    }

    fn segments(&self, user: &Candidate) -> u32 {
        let language =
            user.language.as_deref().and_then(Language::from_tag).unwrap_or(self.settings.language);
        u32::try_from(catalogue::welcome(language).segments().segments).unwrap_or(u32::MAX)
    }
}

/// Of the users on one number who would be welcomed, the first is; the others share her phone.
async fn one_message_per_number(
    chosen: &mut [(UserId, Number, Expect)],
    seen: &mut NumbersSeen,
) -> Result<(), Failure> {
    let welcomed = |(_, number, expect): &&(UserId, Number, Expect)| {
        matches!(expect, Expect::Welcome { .. }) && number.is_ok()
    };
    let candidates = texts(chosen.iter().filter(welcomed).filter_map(|(_, number, _)| number.as_ref().ok()));
    if candidates.is_empty() {
        return Ok(());
    }
    let mut new = seen.add(&candidates).await?;
    for (_, number, expect) in chosen {
        let (Ok(number), Expect::Welcome { .. }) = (number, &expect) else { continue };
        if !new.remove(number.as_str()) {
            *expect = Expect::SharedPhone;
        }
    }
    Ok(())
}

fn texts<'a>(numbers: impl Iterator<Item = &'a E164>) -> Vec<String> {
    numbers.map(|number| number.as_str().to_owned()).collect()
}
