//! Rows that say something about messages. Each batch is one transaction: its users are stored, and what the rows say takes
//! effect through the doors.

use std::collections::HashSet;

use producer::UserId;
use shared::{
    consent::imported::{self, Effects, Import},
    erasure::{Digest, ErasureKey},
    phone::{E164, NumberPolicy},
};
use sqlx::{PgConnection, PgPool};

use crate::{
    record::Record,
    tables::{Author, Terms, Written, erased_since, stored, upsert},
    wishes::Wishes,
};

/// A row that says something about messages.
#[derive(Clone)]
pub(crate) struct WishRow {
    pub(crate) line: u64,
    /// None in a row without an id.
    pub(crate) user_id: Option<UserId>,
    /// The number as typed.
    pub(crate) phone_raw: String,
    pub(crate) country_hint: Option<String>,
    pub(crate) wishes: Wishes,
    /// The user to store with it. None for a bad row, a repeated one, or a closed account.
    pub(crate) record: Option<Record>,
    /// A user of the same household, whose loss another row reports.
    pub(crate) household_loss: Option<UserId>,
}

impl WishRow {
    /// Whether claims must wait for what follows from the row.
    pub(crate) fn silences(&self) -> bool {
        self.wishes.silence() || self.household_loss.is_some()
    }
}

/// What one batch changed.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) written: Written,
    /// The records among the rows.
    pub(crate) stored: u64,
    pub(crate) rows: Vec<RowOutcome>,
}

/// What one row changed.
pub(crate) struct RowOutcome {
    /// Its place in the batch.
    pub(crate) at: usize,
    /// The number of the row; if it cannot be read, the stored one of the user.
    pub(crate) phone: Option<E164>,
    pub(crate) effects: Effects,
}

/// The settings of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) numbers: &'a NumberPolicy,
    pub(crate) erasure: Option<&'a ErasureKey>,
    pub(crate) author: &'a Author,
    pub(crate) terms: Terms,
}

/// Stores the users of `rows` and carries out what the rows say, in one transaction. A dry run takes it back.
pub(crate) async fn carry_out(
    pool: &PgPool,
    rules: Rules<'_>,
    rows: &[WishRow],
) -> Result<Outcome, sqlx::Error> {
    let Rules { numbers, erasure, author, terms } = rules;
    let mut tx = pool.begin().await?;
    let users: Vec<&str> = rows.iter().filter_map(|row| row.user_id.as_ref()).map(UserId::as_str).collect();
    let before = stored(&mut tx, &users).await?;
    let read = |row: &WishRow| {
        let stored = row.user_id.as_ref().and_then(|user| before.get(user.as_str())?.country_hint.as_deref());
        numbers.identity(&row.phone_raw, row.country_hint.as_deref().or(stored))
    };
    let own: Vec<Option<E164>> = rows.iter().map(read).collect();
    let known = before.values().filter_map(|stored| stored.phone_e164.as_deref());
    let phones = own.iter().flatten().map(E164::as_str).chain(known).collect();
    // A dry run holds up no claim: it changes nothing that a claim reads.
    imported::begin(&mut tx, phones, terms.write && rows.iter().any(WishRow::silences)).await?;
    let records: Vec<Record> = rows.iter().filter_map(|row| row.record.clone()).collect();
    let mut outcome = Outcome { stored: records.len() as u64, ..Outcome::default() };
    if !records.is_empty() {
        let terms = Terms { write: true, ..terms };
        outcome.written = upsert(&mut tx, (numbers, erasure), &records, terms).await?;
    }
    let after = stored(&mut tx, &users).await?;
    let erased = erased(&mut tx, rules, rows).await?;
    let import = Import { actor: &author.actor, reason: &author.reason, taken_at: terms.taken_at };
    for (at, (row, own)) in rows.iter().zip(own).enumerate().filter(|(at, _)| !erased.contains(at)) {
        let kept = row.user_id.as_ref().and_then(|user| after.get(user.as_str())?.phone_e164.as_deref());
        let phone = own.or_else(|| E164::parse(kept?).ok());
        let digest = phone.as_ref().and_then(|phone| Some(erasure?.number(phone.as_str())));
        let said = said(row, phone.as_ref(), digest.as_ref());
        let effects = imported::carry_out(&mut tx, &said, &import).await?;
        if let (Some(lost), Some(member)) = (&row.household_loss, &row.user_id) {
            imported::extend_loss(&mut tx, (lost, member), &import).await?;
        }
        outcome.rows.push(RowOutcome { at, phone, effects });
    }
    if terms.write {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(outcome)
}

fn said<'a>(row: &'a WishRow, phone: Option<&'a E164>, digest: Option<&'a Digest>) -> imported::Row<'a> {
    let Wishes { opted_out, loss, wrong_number, consents } = &row.wishes;
    imported::Row {
        user: row.user_id.as_ref(),
        phone,
        digest,
        stop: *opted_out,
        loss: *loss,
        wrong_number: *wrong_number,
        // After a loss in the household nothing is granted.
        grants: if row.household_loss.is_some() { &[] } else { consents },
    }
}

/// The places of the rows whose users were erased after the data was taken.
async fn erased(
    tx: &mut PgConnection,
    rules: Rules<'_>,
    rows: &[WishRow],
) -> Result<HashSet<usize>, sqlx::Error> {
    let Some(key) = rules.erasure else { return Ok(HashSet::new()) };
    let digests: Vec<Option<Digest>> =
        rows.iter().map(|row| row.user_id.as_ref().map(|user| key.user(user))).collect();
    let asked: Vec<&[u8]> = digests.iter().flatten().map(|digest| &digest[..]).collect();
    let erased = erased_since(tx, &asked, rules.terms.taken_at).await?;
    let is_erased = |digest: &Digest| erased.iter().any(|one| one[..] == digest[..]);
    let places = digests.iter().enumerate().filter(|(_, digest)| digest.as_ref().is_some_and(is_erased));
    Ok(places.map(|(at, _)| at).collect())
}
