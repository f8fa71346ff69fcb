//! Timeline events in the language of the page.

use super::word;
use crate::{
    http::dashboard::{format, preferences::Lang},
    story::{SMS, What},
};

/// What happened, as a sentence.
pub(crate) fn tell(lang: Lang, what: &What) -> String {
    if lang == Lang::English {
        let text = what.to_string();
        let mut letters = text.chars();
        return letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    }
    let count = |n: i64| format::count(lang, n);
    match what {
        What::SignedUp => "दर्ता गर्नुभयो".to_owned(),
        What::Stored { source } => format!("यहाँ सुरक्षित गरियो (स्रोत {source})"),
        What::Queued { lane } => format!("पछिल्लो पटक लाममा देखियो (लेन: {})", word(lang, lane)),
        What::Registered { method } => format!("नम्बर दर्ता भयो (विधि {method})"),
        What::Suppressed => "नम्बर रोकियो: यसमा सन्देश पठाइँदैन".to_owned(),
        What::Due { retries } => {
            format!("अर्को प्रयास गर्ने समय, अहिलेसम्म {} पटक दोहोर्‍याइयो", count(i64::from(*retries)))
        }
        What::Claimed { id, language, channel, fallback_of } => {
            let mut text = format!("प्रयास {id}: सुरु भयो, भाषा {language}");
            if channel != SMS || fallback_of.is_some() {
                text = format!("{text}, माध्यम: {}", word(lang, channel));
            }
            match fallback_of {
                Some(first) => format!("{text}, प्रयास {first} को सट्टामा"),
                None => text,
            }
        }
        What::Ended { id, outcome, sid, status, checks } => {
            let mut text = format!("प्रयास {id}: {}", word(lang, outcome));
            if let Some(sid) = sid {
                text = format!("{text}, SID {sid}");
            }
            if let Some(status) = status {
                text = format!("{text}, पछिल्लो अवस्था: {}", word(lang, status));
            }
            if *checks > 0 {
                text = format!("{text}, {} पटक सोधियो", count(i64::from(*checks)));
            }
            text
        }
        What::Asked { id } => format!("प्रयास {id}: Twilio लाई सोधिँदैछ"),
        What::Parked { id } => format!("प्रयास {id}: थाती, मान्छेले निर्णय गर्नुपर्छ"),
        What::Reopened { id } => format!("प्रयास {id}: अर्को प्रयासको अनुमति दिइयो"),
        What::Callback { status } => format!("Twilio को खबर: {}", word(lang, status)),
        What::Wrote { channel, .. } => format!("प्रयोगकर्ताले लेख्नुभयो, माध्यम: {}", word(lang, channel)),
        What::Replied { channel, state } => {
            format!("जवाफ, माध्यम: {}: {}", word(lang, channel), word(lang, state))
        }
        What::Stated => "उहाँको अवस्थाको कारण".to_owned(),
    }
}
