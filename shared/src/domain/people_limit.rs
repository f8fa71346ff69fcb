//! How many people may be written to by WhatsApp.

/// Nine tenths of WhatsApp's first step, 250 people.
const CAUTIOUS: u32 = 225;

/// How many people may be written to in any 24 hours, as the setting says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleLimit {
    /// Any number.
    Unlimited,
    /// This number of people.
    Fixed(u32),
    /// Nine tenths of what the sender reports. While that is not known: of WhatsApp's first step.
    OfSender,
}

impl PeopleLimit {
    /// The people of any 24 hours, where the sender reports `reported`. None: any number.
    pub fn per_day(self, reported: Option<MessagingLimit>) -> Option<u32> {
        match (self, reported) {
            (Self::Unlimited, _) | (Self::OfSender, Some(MessagingLimit::Unlimited)) => None,
            (Self::Fixed(people), _) => Some(people),
            (Self::OfSender, Some(MessagingLimit::People(people))) => {
                Some(people / 10 * 9 + people % 10 * 9 / 10)
            }
            (Self::OfSender, None) => Some(CAUTIOUS),
        }
    }
}

/// How many people WhatsApp lets a business write to in any 24 hours, as Twilio reports it. The lower one is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessagingLimit {
    /// This number of people, at least one.
    People(u32),
    /// Any number.
    Unlimited,
}

impl MessagingLimit {
    /// Reads Twilio's words, such as `250`, `1K Customers/24hr` or `Unlimited`. None: they name no number of people.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        if text.contains("UNLIMITED") {
            return Some(Self::Unlimited);
        }
        // Behind the stroke is the time.
        let people = text.split('/').next()?;
        let digits = people.get(people.find(|c: char| c.is_ascii_digit())?..)?;
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(digits.len());
        let (number, rest) = digits.split_at(end);
        if rest.starts_with('.') {
            return None;
        }
        let mut rest = rest.trim_start().chars();
        let factor = match (rest.next(), rest.next()) {
            (_, Some(second)) if second.is_alphabetic() => 1,
            (Some('K'), _) => 1_000,
            (Some('M'), _) => 1_000_000,
            _ => 1,
        };
        Self::of_stored(number.replace(',', "").parse::<i32>().ok()?.checked_mul(factor)?)
            .filter(|limit| *limit != Self::Unlimited)
    }

    /// Its number in the database; 0: any number of people.
    pub fn stored(self) -> i32 {
        match self {
            Self::People(people) => i32::try_from(people).unwrap_or(i32::MAX),
            Self::Unlimited => 0,
        }
    }

    /// The limit for a number in the database.
    pub fn of_stored(people: i32) -> Option<Self> {
        match u32::try_from(people).ok()? {
            0 => Some(Self::Unlimited),
            people => Some(Self::People(people)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_twilio_are_read() {
        use MessagingLimit::{People, Unlimited};
        for (text, expected) in [
            ("250", Some(People(250))),
            ("250 Customers/24hr", Some(People(250))),
            ("1K Customers/24hr", Some(People(1_000))),
            ("10k customers/24hr", Some(People(10_000))),
            ("100 K Customers/24hr", Some(People(100_000))),
            ("2,000 Customers/24hr", Some(People(2_000))),
            ("1M", Some(People(1_000_000))),
            ("TIER_1K", Some(People(1_000))),
            ("TIER_250", Some(People(250))),
            ("5 messages", Some(People(5))),
            ("Unlimited", Some(Unlimited)),
            ("TIER_UNLIMITED", Some(Unlimited)),
            ("Unlimited Customers/24hr", Some(Unlimited)),
            ("", None),
            ("0", None),
            ("Customers/24hr", None),
            ("1.5K Customers/24hr", None),
            ("99999999999", None),
            ("3000000K", None),
            ("ल", None),
        ] {
            assert_eq!(MessagingLimit::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_stored_limit_is_read_again() {
        for limit in [MessagingLimit::People(250), MessagingLimit::Unlimited] {
            assert_eq!(MessagingLimit::of_stored(limit.stored()), Some(limit));
        }
        assert_eq!(MessagingLimit::of_stored(-1), None);
        assert!(MessagingLimit::People(100_000) < MessagingLimit::Unlimited);
    }

    #[test]
    fn nine_tenths_of_what_the_sender_reports_are_used() {
        let of = |reported| PeopleLimit::OfSender.per_day(reported);
        for (reported, expected) in
            [(250, 225), (1_000, 900), (2_000, 1_800), (1, 0), (19, 17), (u32::MAX, 3_865_470_565)]
        {
            assert_eq!(of(Some(MessagingLimit::People(reported))), Some(expected));
        }
        assert_eq!(of(Some(MessagingLimit::Unlimited)), None);
        assert_eq!(of(None), Some(225), "not known");
    }

    #[test]
    fn a_number_of_the_setting_holds_whatever_the_sender_reports() {
        let reported = Some(MessagingLimit::People(250));
        assert_eq!(PeopleLimit::Fixed(40).per_day(reported), Some(40));
        assert_eq!(PeopleLimit::Unlimited.per_day(reported), None);
    }
}
