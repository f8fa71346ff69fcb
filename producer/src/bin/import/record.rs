//! A row of `users` made of the data of a source, or the reason to skip it.

use chrono::{DateTime, NaiveDate, Utc};
use producer::{UserId, UserKind};
use shared::{
    domain::{Cadence, TipsHour},
    phone::{NumberPolicy, Rejection},
};

use crate::{
    account::{Account, Profile},
    file::raw_row::damaged,
    wishes::Wishes,
};

/// The limits of events, in bytes.
const LONGEST_PHONE: usize = 250;
const LONGEST_NAME: usize = 250;
const LONGEST_LANGUAGE: usize = 35;

/// A user in the data of a source. Do not show number or name.
#[derive(Hash)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) kind: Option<UserKind>,
    /// The number as typed. Empty without a number.
    pub(crate) phone: String,
    pub(crate) language: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) due_date: Option<NaiveDate>,
    pub(crate) child_birth_date: Option<NaiveDate>,
    pub(crate) signed_up_at: Option<DateTime<Utc>>,
    pub(crate) active: bool,
    pub(crate) profile: MoreProfile,
    pub(crate) wishes: Wishes,
}

/// What the portal knows of a user besides. None: the source does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct MoreProfile {
    pub(crate) country_hint: Option<String>,
    pub(crate) channel: Option<String>,
    /// A name of the IANA database.
    pub(crate) time_zone: Option<&'static str>,
    pub(crate) tips_hour: Option<TipsHour>,
    pub(crate) cadence: Option<Cadence>,
    pub(crate) household_id: Option<String>,
}

/// The stored columns of an account.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) user_id: UserId,
    pub(crate) kind: Option<UserKind>,
    pub(crate) phone_raw: String,
    /// The number in E.164. None unless it can be texted.
    pub(crate) phone_e164: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) due_date: Option<NaiveDate>,
    pub(crate) child_birth_date: Option<NaiveDate>,
    pub(crate) signed_up_at: Option<DateTime<Utc>>,
    pub(crate) profile: MoreProfile,
    /// Whether the number can be texted.
    pub(crate) number: Result<(), Rejection>,
    pub(crate) profiles: Profiles,
    /// The account has several profiles of one kind, and this is the latest.
    pub(crate) older_profiles: bool,
    /// Columns of the portal whose date is not plausible.
    pub(crate) bad_dates: Vec<&'static str>,
}

/// The profiles of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profiles {
    One,
    /// Both, with one number.
    TwoAlike,
    /// Both, with two numbers. The new mother's number is used.
    TwoDiffer,
}

/// Why an account is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Skip {
    /// The portal closed it.
    Inactive(UserId),
    /// Staff, or a signup that was never finished.
    NoProfile,
    /// An id that an event cannot carry.
    InvalidId,
}

impl Record {
    /// Prefers the new mother's profile: a user with both profiles has given birth.
    pub(crate) fn of(account: Account, numbers: &NumberPolicy) -> Result<Self, Skip> {
        // A column of floats writes 42 as `42.0`, which is the id of another user.
        let user_id =
            UserId::parse(&account.id).ok().filter(|_| !damaged(&account.id)).ok_or(Skip::InvalidId)?;
        if !account.active {
            return Err(Skip::Inactive(user_id));
        }
        let profiles = Profiles::of(account.mother.as_ref(), account.pregnant.as_ref(), numbers);
        let due_date = account.pregnant.as_ref().and_then(|p| p.date);
        let child_birth_date = account.mother.as_ref().and_then(|m| m.date);
        let (kind, profile) = match (account.mother, account.pregnant) {
            (Some(mother), _) => (UserKind::NewMother, mother),
            (None, Some(pregnant)) => (UserKind::PregnantWoman, pregnant),
            (None, None) => return Err(Skip::NoProfile),
        };
        let person = Person {
            user_id,
            kind: Some(kind),
            phone: profile.phone,
            language: account.language,
            name: profile.name,
            due_date,
            child_birth_date,
            signed_up_at: account.signed_up_at,
            active: true,
            profile: MoreProfile::default(),
            wishes: Wishes::default(),
        };
        let record = Self::of_person(person, profiles, numbers);
        Ok(Self { older_profiles: account.older_profiles, bad_dates: account.bad_dates, ..record })
    }

    /// The record of an active account.
    pub(crate) fn of_person(person: Person, profiles: Profiles, numbers: &NumberPolicy) -> Self {
        let phone_raw = cut(person.phone, LONGEST_PHONE);
        let phone = numbers.textable(&phone_raw, person.profile.country_hint.as_deref());
        let channel = person.profile.channel.map(|text| cut(text, LONGEST_LANGUAGE));
        Self {
            user_id: person.user_id,
            kind: person.kind,
            phone_e164: phone.ok().map(|p| p.e164.as_str().to_owned()),
            number: phone.map(|_| ()),
            phone_raw,
            language: person.language.map(|text| cut(text, LONGEST_LANGUAGE)),
            display_name: person.name.map(|text| cut(text, LONGEST_NAME)),
            due_date: person.due_date,
            child_birth_date: person.child_birth_date,
            signed_up_at: person.signed_up_at,
            profile: MoreProfile { channel, ..person.profile },
            profiles,
            older_profiles: false,
            bad_dates: Vec::new(),
        }
    }

    /// The approximate size in a statement, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let text = |t: &Option<String>| t.as_ref().map_or(0, String::len);
        let texts = text(&self.phone_e164) + text(&self.language) + text(&self.display_name);
        let profile = text(&self.profile.channel) + text(&self.profile.household_id) + 2 + 32 + 5 + 12;
        // 15 fields with a length each, two dates and a time.
        self.user_id.as_str().len() + self.phone_raw.len() + texts + profile + 15 * 4 + 2 * 4 + 8 + 16
    }
}

impl Profiles {
    fn of(mother: Option<&Profile>, pregnant: Option<&Profile>, numbers: &NumberPolicy) -> Self {
        let (Some(mother), Some(pregnant)) = (mother, pregnant) else { return Self::One };
        let e164 = |profile: &Profile| numbers.textable(&profile.phone, None).map(|p| p.e164);
        let alike = mother.phone == pregnant.phone
            || matches!((e164(mother), e164(pregnant)), (Ok(one), Ok(other)) if one == other);
        if alike { Self::TwoAlike } else { Self::TwoDiffer }
    }
}

/// Cuts a text to the limit of events and replaces NUL, which Postgres text cannot hold.
fn cut(mut text: String, longest: usize) -> String {
    let end = (0..=longest.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests {
    use shared::config::Env;

    use super::*;

    fn profile(phone: &str) -> Profile {
        Profile { phone: phone.into(), name: Some("न".repeat(100)), date: None }
    }

    fn record(account: Account) -> Result<Record, Skip> {
        Record::of(account, &NumberPolicy::read(&mut Env::of([("DEFAULT_REGION", "NP")])))
    }

    fn account(pregnant: Option<Profile>, mother: Option<Profile>) -> Account {
        Account { id: "7".into(), active: true, pregnant, mother, ..Account::default() }
    }

    fn both(pregnant: &str, mother: &str) -> Record {
        record(account(Some(profile(pregnant)), Some(profile(mother)))).unwrap()
    }

    #[test]
    fn the_new_mothers_number_is_taken() {
        let differ = both("9841000001", "9841000002");
        assert_eq!((differ.kind, differ.profiles), (Some(UserKind::NewMother), Profiles::TwoDiffer));
        assert_eq!(differ.phone_e164.as_deref(), Some("+9779841000002"));
        assert_eq!(both("09841000001", "९८४१०००००१").profiles, Profiles::TwoAlike);
        let empty = both("9841000001", "");
        assert_eq!((empty.profiles, empty.number), (Profiles::TwoDiffer, Err(Rejection::Empty)));
    }

    #[test]
    fn inactive_incomplete_and_invalid_accounts_are_skipped() {
        let closed = Account { active: false, ..account(Some(profile("1")), None) };
        assert!(matches!(record(closed), Err(Skip::Inactive(_))));
        assert_eq!(record(account(None, None)).unwrap_err(), Skip::NoProfile);
        let nameless = Account { id: String::new(), ..account(None, Some(profile("1"))) };
        assert_eq!(record(nameless).unwrap_err(), Skip::InvalidId);
        let float = Account { id: "42.0".into(), ..account(None, Some(profile("1"))) };
        assert_eq!(record(float).unwrap_err(), Skip::InvalidId);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = record(account(Some(profile(&"९".repeat(400))), None)).unwrap();
        assert_eq!((long.phone_raw.len(), long.display_name.unwrap().len()), (249, 249));
        assert!(long.number.is_err() && long.phone_e164.is_none());
    }
}
