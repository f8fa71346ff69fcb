//! What a reason means and what to do about it: docs/outcome.md in two languages.

use std::borrow::Cow;

use shared::{domain::Reason, phone::Rejection};

use crate::{
    http::dashboard::preferences::Lang,
    twilio::{Class, classify_status, explain, explain_in_nepali},
};

/// What it means and what to do.
pub(crate) struct Advice {
    pub(crate) meaning: Cow<'static, str>,
    pub(crate) action: Cow<'static, str>,
}

type Pair = [&'static str; 2];

/// The advice for a stored reason. An unknown word is shown unchanged.
pub(crate) fn advice(lang: Lang, word: &str) -> Advice {
    let Ok(reason) = word.parse::<Reason>() else {
        return Advice { meaning: Cow::Owned(word.to_owned()), action: Cow::Borrowed("–") };
    };
    match (lang, reason) {
        (Lang::English, Reason::Error(code)) => {
            let (meaning, action) = explain(code).split_once(". ").unwrap_or((explain(code), ""));
            Advice { meaning: Cow::Borrowed(meaning), action: Cow::Borrowed(action) }
        }
        (Lang::Nepali, Reason::Error(code)) => {
            let [meaning, action] = explain_in_nepali(code).map_or_else(|| coded(code), parts);
            Advice {
                meaning: Cow::Owned(format!("{meaning} (Twilio {code})")),
                action: Cow::Borrowed(action),
            }
        }
        (Lang::English, other) => borrowed(english(other)),
        (Lang::Nepali, other) => borrowed(nepali(other)),
    }
}

fn borrowed([meaning, action]: Pair) -> Advice {
    Advice { meaning: Cow::Borrowed(meaning), action: Cow::Borrowed(action) }
}

fn english(reason: Reason) -> Pair {
    const ASK: &str = "Ask her for her number.";
    const ITSELF: &str = "Nothing: it resumes by itself.";
    match reason {
        Reason::Number(unusable) => match unusable {
            Rejection::Empty => ["No number was given", ASK],
            Rejection::NotANumber => ["The text is no phone number", ASK],
            Rejection::Damaged => [
                "A spreadsheet or a float conversion changed the number",
                "Correct it at its source, where it is stored as text.",
            ],
            Rejection::TooShort => ["Digits are missing", ASK],
            Rejection::TooLong => ["Too many digits", ASK],
            Rejection::NotAssigned => ["No operator has this range", ASK],
            Rejection::MultipleNumbers => ["Two numbers in one field", "Ask her which is hers."],
            Rejection::Landline => ["A fixed line", "Ask her for a mobile number."],
            Rejection::NotTextable => ["A number that takes no messages", "Ask her for a mobile number."],
            Rejection::CountryNotAllowed => {
                ["A country that is not allowed", "Decide whether to allow it: ALLOWED_COUNTRIES."]
            }
        },
        Reason::LookupInvalid => ["Twilio says the number does not exist", ASK],
        Reason::SharedPhone => ["The number had its welcome through another user", "Nothing."],
        Reason::AlreadyWelcomed => ["The number had its welcome before", "Nothing."],
        Reason::Parked => {
            ["No answer to the call, and Twilio could not tell", "Settle it under unknown outcomes."]
        }
        Reason::OptedOut => ["She opted out, or staff suppressed the number", "Nothing."],
        Reason::WrongNumber => ["The number belongs to somebody else", "Ask her for another number."],
        Reason::RetriesExhausted => {
            ["Refused for the time being, for too long", "Mend the cause, then `worker reopen`."]
        }
        Reason::Http(_) | Reason::Error(_) => {
            ["Refused without a code", "Look at the logs, then `worker reopen`."]
        }
        Reason::PathFault => ["Waiting: Twilio out of reach, or throttling", ITSELF],
        Reason::BreakerOpen => {
            ["Waiting: account, sender or permission at fault", "Mend it at Twilio; it resumes by itself."]
        }
        Reason::DailyCap => ["Waiting: the day's messages are used up", ITSELF],
        Reason::Paused => {
            ["Waiting: a person paused the lane", "Resume the lane, or wait for the end of the pause."]
        }
        Reason::Quiet => ["Waiting: it is night where she is", ITSELF],
        Reason::NoConsent => {
            ["Waiting: she has not consented to the welcome", "Ask her, then `worker consent grant`."]
        }
        Reason::Conversation => {
            ["Waiting: staff are talking with her", "Answer, and close the conversation."]
        }
        Reason::NoTemplate => {
            ["Waiting: no template may be sent", "`worker templates check` says why; map or repair one."]
        }
        Reason::Unreachable => [
            "Waiting: no allowed channel reaches the number",
            "Add SMS to `CHANNELS`, or ask her for another number.",
        ],
        Reason::ChannelFull => ["Waiting: WhatsApp takes no more people for now", ITSELF],
        Reason::GivenBack => ["Waiting: a worker stopped just before its call", ITSELF],
    }
}

fn nepali(reason: Reason) -> Pair {
    const ASK: &str = "उहाँसँग नम्बर सोध्नुहोस्।";
    const MOBILE: &str = "उहाँसँग मोबाइल नम्बर माग्नुहोस्।";
    const ITSELF: &str = "केही गर्नु पर्दैन: आफैँ सुचारु हुन्छ।";
    match reason {
        Reason::Number(unusable) => match unusable {
            Rejection::Empty => ["नम्बर दिइएको छैन", ASK],
            Rejection::NotANumber => ["यो फोन नम्बर होइन", ASK],
            Rejection::Damaged => {
                ["स्प्रेडसिट वा दशमलव रूपान्तरणले नम्बर बिगारेको छ", "मूल स्थानमा नम्बरलाई पाठका रूपमा राखेर सच्याउनुहोस्।"]
            }
            Rejection::TooShort => ["अङ्क पुगेन", ASK],
            Rejection::TooLong => ["अङ्क धेरै भयो", ASK],
            Rejection::NotAssigned => ["यो नम्बर कुनै सेवा प्रदायकको होइन", ASK],
            Rejection::MultipleNumbers => ["एउटै ठाउँमा दुई नम्बर", "कुन उहाँको हो सोध्नुहोस्।"],
            Rejection::Landline => ["ल्यान्डलाइन फोन", MOBILE],
            Rejection::NotTextable => ["सन्देश नजाने नम्बर", MOBILE],
            Rejection::CountryNotAllowed => {
                ["अनुमति नभएको देश", "अनुमति दिने कि निर्णय गर्नुहोस्: ALLOWED_COUNTRIES।"]
            }
        },
        Reason::LookupInvalid => ["Twilio अनुसार यो नम्बर छैन", ASK],
        Reason::SharedPhone => ["यो नम्बरमा अर्को प्रयोगकर्तामार्फत सन्देश गइसक्यो", "केही गर्नु पर्दैन।"],
        Reason::AlreadyWelcomed => ["यो नम्बरमा पहिले नै सन्देश गइसक्यो", "केही गर्नु पर्दैन।"],
        Reason::Parked => ["जवाफ आएन, Twilio ले पनि भन्न सकेन", "अज्ञात नतिजामा गएर टुङ्ग्याउनुहोस्।"],
        Reason::OptedOut => ["उहाँले रोक्नुभयो, वा कर्मचारीले नम्बर रोके", "केही गर्नु पर्दैन।"],
        Reason::WrongNumber => ["यो नम्बर अर्कै व्यक्तिको हो", "उहाँसँग अर्को नम्बर माग्नुहोस्।"],
        Reason::RetriesExhausted => {
            ["लामो समयसम्म अस्थायी रूपमा अस्वीकृत", "कारण सच्याएर `worker reopen` चलाउनुहोस्।"]
        }
        Reason::Http(_) | Reason::Error(_) => ["कोडबिना अस्वीकृत", "लग हेरेर `worker reopen` चलाउनुहोस्।"],
        Reason::PathFault => ["प्रतीक्षामा: Twilio मा पुगिएन वा गति सीमित", ITSELF],
        Reason::BreakerOpen => {
            ["प्रतीक्षामा: खाता, प्रेषक वा अनुमतिमा समस्या", "Twilio मा सच्याउनुहोस्; आफैँ सुचारु हुन्छ।"]
        }
        Reason::DailyCap => ["प्रतीक्षामा: आजको सीमा सकियो", ITSELF],
        Reason::Paused => ["प्रतीक्षामा: कसैले लेन रोकेको छ", "लेन सुचारु गर्नुहोस्, वा समय सकिन दिनुहोस्।"],
        Reason::Quiet => ["प्रतीक्षामा: उहाँकहाँ रात परेको छ", ITSELF],
        Reason::NoConsent => {
            ["प्रतीक्षामा: उहाँको सहमति छैन", "उहाँलाई सोध्नुहोस्, अनि `worker consent grant` चलाउनुहोस्।"]
        }
        Reason::Conversation => ["प्रतीक्षामा: कर्मचारी उहाँसँग कुरा गर्दै हुनुहुन्छ", "जवाफ दिएर कुराकानी बन्द गर्नुहोस्।"],
        Reason::NoTemplate => {
            ["प्रतीक्षामा: पठाउन मिल्ने टेम्प्लेट छैन", "`worker templates check` ले कारण भन्छ; टेम्प्लेट जोड्नुहोस्।"]
        }
        Reason::Unreachable => {
            ["प्रतीक्षामा: अनुमति भएको कुनै च्यानल पुग्दैन", "`CHANNELS` मा SMS थप्नुहोस्, वा अर्को नम्बर माग्नुहोस्।"]
        }
        Reason::ChannelFull => ["प्रतीक्षामा: WhatsApp मा अहिले थप मानिस मिल्दैन", ITSELF],
        Reason::GivenBack => ["प्रतीक्षामा: वर्कर पठाउनुअघि नै रोकियो", ITSELF],
    }
}

/// The first sentence says what a code means, the rest what to do.
fn parts(text: &'static str) -> Pair {
    text.split_once("। ").map_or([text, "–"], Pair::from)
}

/// By class: most of the codes' own explanations are English.
fn coded(code: u32) -> Pair {
    match classify_status(code) {
        Class::Recipient | Class::Unreachable(_) => ["यो नम्बरमा सन्देश पुग्दैन", "उहाँसँग अर्को नम्बर माग्नुहोस्।"],
        Class::OptOut | Class::Declined => ["उहाँले सन्देश रोक्नुभएको छ", "केही गर्नु पर्दैन।"],
        Class::Account { .. } | Class::DailyCap | Class::Template | Class::Sender { .. } => {
            ["Twilio खातामा समस्या", "Twilio मा सच्याउनुहोस्।"]
        }
        Class::Content => ["सन्देश वा गन्तव्य अस्वीकृत", "कारण सच्याएर `worker reopen` चलाउनुहोस्।"],
        Class::Throttled { .. } | Class::Temporary | Class::Later { .. } => {
            ["अस्थायी रूपमा अस्वीकृत", "केही गर्नु पर्दैन: फेरि प्रयास हुन्छ।"]
        }
        Class::Unknown => ["नतिजा थाहा छैन", "अज्ञात नतिजामा हेर्नुहोस्।"],
        Class::AlreadyDone | Class::LogOnly | Class::SkipLookup => ["Twilio को सूचना", "लग हेर्नुहोस्।"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_advice_in_both_languages() {
        let words = Rejection::ALL.into_iter().map(|u| u.as_str().to_owned());
        let others = [
            "shared_phone",
            "parked",
            "opted_out",
            "breaker_open",
            "quiet",
            "no_consent",
            "error_30003",
            "error_21211",
            "error_63003",
            "error_63999",
            "http_418",
        ];
        for word in words.chain(others.map(str::to_owned)) {
            for lang in [Lang::English, Lang::Nepali] {
                let advice = advice(lang, &word);
                assert!(!advice.meaning.is_empty() && advice.action.len() > 3, "{word}: {}", advice.action);
                let devanagari = advice.action.chars().any(|c| ('\u{900}'..'\u{980}').contains(&c));
                assert_eq!(devanagari, lang == Lang::Nepali, "{word}");
            }
        }
    }
}
