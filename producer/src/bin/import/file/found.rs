//! What becomes of a row in the second reading.

use producer::UserId;
use shared::phone::NumberPolicy;

use super::{
    ids::{Ids, Standing},
    problem::Problem,
    row::Row,
};
use crate::{
    person::Person,
    record::{Profiles, Record},
    suppress::OptOut,
};

/// A row and its verdict.
pub(super) struct Found {
    pub(super) line: u64,
    pub(super) user_id: Option<UserId>,
    pub(super) verdict: Verdict,
    pub(super) opt_out: Option<OptOut>,
}

/// What becomes of a row.
pub(super) enum Verdict {
    Store(Box<Record>),
    /// Her account is closed.
    Closed,
    /// An earlier row says the same.
    Repeated,
    Bad(Problem),
}

impl Found {
    /// Judges a row, all rows being known to `ids`.
    pub(super) fn of(row: Row, ids: &Ids, numbers: &NumberPolicy) -> Self {
        let line = row.line;
        let (user_id, opted_out, verdict) = match row.read {
            Ok(person) => {
                let user_id = Some(person.user_id.clone());
                let standing = ids.standing(&person.user_id, line);
                let opted_out =
                    (person.opted_out && standing != Standing::Repeated).then(|| person.phone.clone());
                (user_id, opted_out, Verdict::of(person, standing, numbers))
            }
            Err(bad) => (bad.user_id, bad.opted_out, Verdict::Bad(bad.problem)),
        };
        let opt_out = opted_out.map(|phone_raw| OptOut {
            phone: numbers.identity(&phone_raw, None),
            phone_raw,
            user_id: user_id.clone(),
        });
        Self { line, user_id, verdict, opt_out }
    }
}

impl Verdict {
    fn of(person: Person, standing: Standing, numbers: &NumberPolicy) -> Self {
        match standing {
            Standing::Different => Self::Bad(Problem::DuplicateId),
            Standing::Repeated => Self::Repeated,
            Standing::First if !person.active => Self::Closed,
            Standing::First => Self::Store(Box::new(Record::of_person(person, Profiles::One, numbers))),
        }
    }
}
