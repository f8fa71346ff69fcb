//! What earlier batches of a dry run would have changed. Each batch of it is taken back, so a later one does not find it in the
//! database.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use producer::UserId;
use shared::{
    consent::{
        doors::Effect,
        imported::{Effects, Grant},
    },
    phone::E164,
};

use crate::doors::{RowOutcome, WishRow};

/// The people of earlier batches. An import that writes needs none of it.
#[derive(Default)]
pub(crate) struct Seen {
    /// Numbers whose users withdrew everything.
    stopped: HashSet<E164>,
    wrong: HashSet<E164>,
    /// Numbers that nothing can be granted for.
    silent: HashSet<E164>,
    /// Users whose loss was reported, and numbers of rows without a user.
    losses: HashSet<String>,
    /// Users silenced by a loss.
    lost: HashSet<String>,
    /// Hashes of numbers and consents.
    granted: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    /// The effects of a row as if the batches before had been written.
    pub(crate) fn correct(&mut self, row: &WishRow, outcome: RowOutcome) -> Effects {
        let RowOutcome { phone, mut effects, .. } = outcome;
        let among = |numbers: &HashSet<E164>| phone.is_some_and(|phone| numbers.contains(&phone));
        let user = row.user_id.as_ref().map_or("", UserId::as_str);
        let lost = self.lost.contains(user);
        let silent = lost || among(&self.silent);
        let whose_loss = if user.is_empty() { phone.as_ref().map_or("", E164::as_str) } else { user };
        let reported = row.wishes.loss && !self.losses.insert(whose_loss.to_owned());
        for (known, effect) in [
            (reported, &mut effects.loss),
            (among(&self.stopped), &mut effects.stop),
            (among(&self.wrong), &mut effects.wrong_number),
        ] {
            if known {
                *effect = Effect::Already;
            }
        }
        let whose = phone.as_ref().map_or(user, E164::as_str);
        for (consent, grant) in row.wishes.consents.iter().zip(&mut effects.grants) {
            match grant {
                Grant::Granted if silent => *grant = Grant::Held,
                Grant::Granted if !self.granted.insert(self.hasher.hash_one((whose, consent))) => {
                    *grant = Grant::Known;
                }
                _ => {}
            }
        }
        if let (Some(phone), true) = (phone, row.wishes.silence()) {
            self.silent.insert(phone);
            if row.wishes.opted_out || row.wishes.wrong_number {
                self.stopped.insert(phone);
            }
            if row.wishes.wrong_number {
                self.wrong.insert(phone);
            }
        }
        for (user, phone) in effects.lost.drain(..) {
            self.lost.insert(user);
            self.silent.extend(phone);
        }
        effects
    }
}
