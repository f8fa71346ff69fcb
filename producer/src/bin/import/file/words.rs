//! Cells that hold one of a few words, as people and spreadsheets write them.

use shared::{
    domain::{Cadence, ConsentChannel, HouseholdId, Purpose, TimeZone, TipsHour},
    phone::CountryCode,
};

use super::raw_row::damaged;

/// `tips:whatsapp,onboarding:sms`, each pair once. None if a pair has an unknown word or only one.
pub(super) fn consents(text: &str) -> Option<Vec<(Purpose, ConsentChannel)>> {
    let pair = |pair: &str| {
        let (purpose, channel) = pair.split_once(':')?;
        Some((plain(purpose).parse().ok()?, plain(channel).parse().ok()?))
    };
    let mut pairs = text.split([',', ';']).map(pair).collect::<Option<Vec<_>>>()?;
    pairs.sort_unstable();
    pairs.dedup();
    Some(pairs)
}

/// Two letters, in upper case.
pub(super) fn country(text: &str) -> Option<String> {
    text.parse::<CountryCode>().ok().map(|country| country.to_string())
}

/// A zone of the IANA database.
pub(super) fn time_zone(text: &str) -> Option<&'static str> {
    let zone = TimeZone::read(text).known()?;
    Some(zone.name())
}

/// An hour of tips; spreadsheets write `7:00` and `07:00:00`.
pub(super) fn tips_hour(text: &str) -> Option<TipsHour> {
    let text = text.strip_suffix(":00").filter(|rest| rest.contains(':')).unwrap_or(text);
    format!("{text:0>5}").parse().ok()
}

/// `daily`, `twice weekly` and so on.
pub(super) fn cadence(text: &str) -> Option<Cadence> {
    plain(text).parse().ok()
}

/// An id of a household as the portal writes it.
pub(super) fn household(text: &str) -> Option<String> {
    let id = HouseholdId::new(text).ok().filter(|_| !damaged(text))?;
    Some(id.into_string())
}

fn plain(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consents_are_pairs_of_known_words() {
        let (tips, welcome) =
            ((Purpose::Tips, ConsentChannel::Whatsapp), (Purpose::Onboarding, ConsentChannel::Sms));
        assert_eq!(consents("tips:whatsapp,onboarding:sms"), Some(vec![welcome, tips]));
        assert_eq!(consents(" Tips : WhatsApp ; tips:whatsapp"), Some(vec![tips]));
        assert_eq!(
            consents("support after loss:any"),
            Some(vec![(Purpose::SupportAfterLoss, ConsentChannel::Any)])
        );
        for bad in [
            "tips",
            "tips:",
            ":sms",
            "tips:sms,",
            ",tips:sms",
            "tips:sms:grant",
            "tips:email",
            "news:sms",
            "tips:ѕms",
            "9807969278",
        ] {
            assert_eq!(consents(bad), None, "{bad}");
        }
        assert_eq!(consents(&"tips:whatsapp,".repeat(5000)), None);
        assert_eq!(consents("tips:whatsapp,".repeat(5000).trim_end_matches(',')), Some(vec![tips]));
    }

    #[test]
    fn hours_are_read_as_spreadsheets_write_them() {
        for (text, hour) in [
            ("07:00", TipsHour::Seven),
            ("7:00", TipsHour::Seven),
            ("12:00:00", TipsHour::Noon),
            ("18:00", TipsHour::Eighteen),
        ] {
            assert_eq!(tips_hour(text), Some(hour), "{text}");
        }
        for bad in ["7", "07", "7:00 PM", "19:00", "07:30", "0.2916667", "07:00:30", ""] {
            assert_eq!(tips_hour(bad), None, "{bad}");
        }
    }
}
