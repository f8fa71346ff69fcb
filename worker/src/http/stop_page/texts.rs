//! Every text of the page, in both languages. They name no condition and no person: phones are shared.

use shared::templates::Language;

/// The texts of one language.
pub(super) struct Texts {
    pub(super) title: &'static str,
    /// Before and after the last two digits.
    pub(super) number: [&'static str; 2],
    pub(super) choose: &'static str,
    pub(super) stop: &'static str,
    pub(super) wrong_number: &'static str,
    pub(super) changed: &'static str,
    pub(super) each_stops: &'static str,
    pub(super) stopped: &'static str,
    pub(super) undo: &'static str,
    pub(super) goes_on: &'static str,
    pub(super) thanks: &'static str,
    pub(super) still_coming: &'static str,
    pub(super) phone: &'static str,
    pub(super) explain_form: &'static str,
    pub(super) send: &'static str,
    pub(super) received: &'static str,
    pub(super) limited: &'static str,
    pub(super) unavailable: &'static str,
    pub(super) refused: &'static str,
    pub(super) help: &'static str,
    /// The other language, in itself.
    pub(super) other: &'static str,
    pub(super) other_code: &'static str,
}

pub(super) fn of(language: Language) -> &'static Texts {
    match language {
        Language::Ne => &NEPALI,
        Language::En => &ENGLISH,
    }
}

static NEPALI: Texts = Texts {
    title: "Aamcare का सन्देश",
    number: ["यो पृष्ठ ", " मा टुङ्गिने नम्बरका लागि हो।"],
    choose: "तपाईं के गर्न चाहनुहुन्छ?",
    stop: "सन्देश रोक्नुहोस्",
    wrong_number: "गलत नम्बर: म दर्ता भएको होइन",
    changed: "रोक्नुहोस्: हाम्रो अवस्था फेरिएको छ",
    each_stops: "जुनसुकै बटनले यो नम्बरमा जाने सबै सन्देश रोक्छ।",
    stopped: "सन्देश रोकिएका छन्।",
    undo: "फेरि सन्देश पठाउनुहोस्",
    goes_on: "यो नम्बरमा सन्देश आइरहनेछन्।",
    thanks: "धन्यवाद।",
    still_coming: "सन्देश अझै आइरहेका छन्? आफ्नो नम्बर लेख्नुहोस्।",
    phone: "फोन नम्बर",
    explain_form: "सन्देश रोक्न आफ्नो फोन नम्बर लेख्नुहोस्। हाम्रो टोलीले हेर्नेछ।",
    send: "पठाउनुहोस्",
    received: "धन्यवाद। हामीले पायौं, हाम्रो टोलीले हेर्नेछ।",
    limited: "धेरै पटक प्रयास भयो। एक मिनेटपछि फेरि खोल्नुहोस्, वा आफ्नो नम्बर लेख्नुहोस्।",
    unavailable: "अहिले भएन। कृपया केही मिनेटपछि फेरि प्रयास गर्नुहोस्।",
    refused: "यो अनुरोध बुझिएन। सन्देशमा भएको ठेगाना फेरि खोल्नुहोस्।",
    help: "सहायता:",
    other: "English",
    other_code: "en",
};

static ENGLISH: Texts = Texts {
    title: "Messages from Aamcare",
    number: ["This page is for the number ending in ", "."],
    choose: "What would you like to do?",
    stop: "Stop messages",
    wrong_number: "Wrong number: I did not sign up",
    changed: "Stop: our situation has changed",
    each_stops: "Each button stops all messages to this number.",
    stopped: "Messages are stopped.",
    undo: "Send messages again",
    goes_on: "Messages come to this number.",
    thanks: "Thank you.",
    still_coming: "Do messages still come? Enter your number.",
    phone: "Phone number",
    explain_form: "To stop messages, enter your phone number. Our team will look at it.",
    send: "Send",
    received: "Thank you. We have received it, and our team will look at it.",
    limited: "Too many tries. Open the page again in a minute, or enter your number.",
    unavailable: "That did not work. Please try again in a few minutes.",
    refused: "This request was not understood. Open the address in the message again.",
    help: "Help:",
    other: "नेपाली",
    other_code: "ne",
};

#[cfg(test)]
mod tests {
    use shared::templates::discreetness;

    use super::*;

    #[test]
    fn no_text_names_a_condition() {
        for t in [&NEPALI, &ENGLISH] {
            let all = [
                t.title,
                t.number[0],
                t.number[1],
                t.choose,
                t.stop,
                t.wrong_number,
                t.changed,
                t.each_stops,
                t.stopped,
                t.undo,
                t.goes_on,
                t.thanks,
                t.still_coming,
                t.phone,
                t.explain_form,
                t.send,
                t.received,
                t.limited,
                t.unavailable,
                t.refused,
                t.help,
            ];
            for text in all {
                assert_eq!(discreetness::lint(text), [], "{text}");
                assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
            }
        }
    }
}
