//! The result of a form, shown once on the next page.

use crate::http::dashboard::preferences::Lang;

/// One of a closed list, so that a page never repeats text from a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    Paused,
    Resumed,
    NotPaused,
    Settled,
    Settling,
    SettlingAlready,
    BadPeriod,
    NumberFreed,
    TooLate,
    ProvedSent,
    AnsweredFirst,
    NoSuchAttempt,
    BadSid,
    OtherNumber,
    TakenSid,
    TwilioAway,
    Replayed,
    NotReplayed,
    BrokerAway,
    NobodyFound,
    Entered,
    EnteredAlready,
    TakenBack,
    NothingToTakeBack,
    StaysStopped,
    NoNumber,
    TaskClosed,
    TaskClosedAlready,
    NoSuchTask,
}

impl Note {
    const ALL: [Note; 29] = [
        Note::Paused,
        Note::Resumed,
        Note::NotPaused,
        Note::Settled,
        Note::Settling,
        Note::SettlingAlready,
        Note::BadPeriod,
        Note::NumberFreed,
        Note::TooLate,
        Note::ProvedSent,
        Note::AnsweredFirst,
        Note::NoSuchAttempt,
        Note::BadSid,
        Note::OtherNumber,
        Note::TakenSid,
        Note::TwilioAway,
        Note::Replayed,
        Note::NotReplayed,
        Note::BrokerAway,
        Note::NobodyFound,
        Note::Entered,
        Note::EnteredAlready,
        Note::TakenBack,
        Note::NothingToTakeBack,
        Note::StaysStopped,
        Note::NoNumber,
        Note::TaskClosed,
        Note::TaskClosedAlready,
        Note::NoSuchTask,
    ];

    /// The note's name in the link.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Note::Paused => "paused",
            Note::Resumed => "resumed",
            Note::NotPaused => "not_paused",
            Note::Settled => "settled",
            Note::Settling => "settling",
            Note::SettlingAlready => "settling_already",
            Note::BadPeriod => "bad_period",
            Note::NumberFreed => "number_freed",
            Note::TooLate => "too_late",
            Note::ProvedSent => "proved_sent",
            Note::AnsweredFirst => "answered_first",
            Note::NoSuchAttempt => "no_such_attempt",
            Note::BadSid => "bad_sid",
            Note::OtherNumber => "other_number",
            Note::TakenSid => "taken_sid",
            Note::TwilioAway => "twilio_away",
            Note::Replayed => "replayed",
            Note::NotReplayed => "not_replayed",
            Note::BrokerAway => "broker_away",
            Note::NobodyFound => "nobody",
            Note::Entered => "entered",
            Note::EnteredAlready => "entered_already",
            Note::TakenBack => "taken_back",
            Note::NothingToTakeBack => "nothing_to_take_back",
            Note::StaysStopped => "stays_stopped",
            Note::NoNumber => "no_number",
            Note::TaskClosed => "task_closed",
            Note::TaskClosedAlready => "task_closed_already",
            Note::NoSuchTask => "no_such_task",
        }
    }

    /// The note with this name.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| n.code() == code)
    }

    /// The text of the note.
    pub(crate) fn text(self, lang: Lang) -> &'static str {
        let (english, nepali) = match self {
            Note::Paused => ("Paused. Every worker obeys within 2 s.", "रोकियो। सबै वर्कर २ सेकेन्डभित्र रोकिन्छन्।"),
            Note::Resumed => (
                "Resumed. Those who waited come back by themselves.",
                "सुचारु भयो। प्रतीक्षामा रहेकाहरू आफैँ फर्कन्छन्।",
            ),
            Note::NotPaused => ("It was not paused; nothing was changed.", "रोकिएको थिएन; केही बदलिएन।"),
            Note::Settled => ("Settled.", "टुङ्गियो।"),
            Note::Settling => ("Started. This page shows how far it is.", "सुरु भयो। कति भयो, यही पृष्ठले देखाउँछ।"),
            Note::SettlingAlready => (
                "Unknown outcomes are being settled already; nothing was started.",
                "अज्ञात नतिजा टुङ्ग्याउने काम भइरहेकै छ; नयाँ सुरु गरिएन।",
            ),
            Note::BadPeriod => (
                "The period must begin before it ends. Nothing was changed.",
                "अवधि सकिनुअघि सुरु हुनुपर्छ। केही बदलिएन।",
            ),
            Note::NumberFreed => (
                "Settled: the number is free again. Its user has another number or attempt by now, so nothing is sent to them.",
                "टुङ्गियो: नम्बर फेरि खाली भयो। प्रयोगकर्ताको अर्कै नम्बर वा प्रयास छ, त्यसैले उहाँलाई केही पठाइँदैन।",
            ),
            Note::TooLate => (
                "Settled: the message's time is over by now, so it is not sent.",
                "टुङ्गियो: सन्देशको समय सकिइसक्यो, त्यसैले पठाइँदैन।",
            ),
            Note::ProvedSent => (
                "Settled: an earlier message of this number proved sent, so nothing more is sent to it.",
                "टुङ्गियो: यस नम्बरको पहिलेको सन्देश पठाइएको प्रमाणित भयो, त्यसैले यसमा अरू केही पठाइँदैन।",
            ),
            Note::AnsweredFirst => {
                ("A definite answer came first; nothing was changed.", "पहिले नै निश्चित जवाफ आयो; केही बदलिएन।")
            }
            Note::NoSuchAttempt => ("That attempt is not unknown any more.", "त्यो प्रयास अब अज्ञात छैन।"),
            Note::BadSid => (
                "That is no message SID: SM and 32 hex digits, as in Twilio's console. Nothing was changed.",
                "त्यो सन्देश SID होइन: SM र ३२ अङ्क, Twilio कन्सोलमा जस्तै। केही बदलिएन।",
            ),
            Note::OtherNumber => (
                "That message went to another number, or by another channel; nothing was changed.",
                "त्यो सन्देश अर्कै नम्बरमा वा अर्कै माध्यमबाट गएको थियो; केही बदलिएन।",
            ),
            Note::TakenSid => (
                "That message belongs to another attempt; search for its SID to see whose. Nothing was changed.",
                "त्यो सन्देश अर्कै प्रयासको हो; कसको हो हेर्न SID खोज्नुहोस्। केही बदलिएन।",
            ),
            Note::TwilioAway => (
                "Twilio does not know that message, or cannot be asked; nothing was changed.",
                "Twilio लाई त्यो सन्देश थाहा छैन, वा सोध्न सकिएन; केही बदलिएन।",
            ),
            Note::Replayed => ("Replayed: it goes its way again.", "फेरि पठाइयो।"),
            Note::NotReplayed => (
                "Nothing was replayed: somebody settled that letter first, or it can only fail again.",
                "फेरि पठाइएन: कसैले पहिले नै टुङ्ग्याइसक्यो, वा फेरि असफल हुन्छ।",
            ),
            Note::BrokerAway => (
                "RabbitMQ did not confirm it; the letter stays open. Try again.",
                "RabbitMQ ले पुष्टि गरेन; सन्देश खुला नै छ। फेरि प्रयास गर्नुहोस्।",
            ),
            Note::NobodyFound => (
                "Nobody of that user id or message SID is known here. Phone numbers are not searched.",
                "त्यो आईडी वा SID यहाँ छैन। फोन नम्बरबाट खोजिँदैन।",
            ),
            Note::Entered => ("Entered.", "दर्ता भयो।"),
            Note::EnteredAlready => {
                ("It was so already; nothing was changed.", "पहिले नै त्यस्तै थियो; केही बदलिएन।")
            }
            Note::TakenBack => ("Taken back.", "फिर्ता लिइयो।"),
            Note::NothingToTakeBack => {
                ("There was nothing to take back; nothing was changed.", "फिर्ता लिने केही थिएन; केही बदलिएन।")
            }
            Note::StaysStopped => (
                "Messages stay stopped: a person has to look at it first. Nothing was changed.",
                "सन्देश रोकिएकै छन्: पहिले मान्छेले हेर्नुपर्छ। केही बदलिएन।",
            ),
            Note::NoNumber => (
                "No number of this user is known; nothing was changed.",
                "यस प्रयोगकर्ताको नम्बर थाहा छैन; केही बदलिएन।",
            ),
            Note::TaskClosed => ("Closed.", "बन्द भयो।"),
            Note::TaskClosedAlready => {
                ("It was closed already; nothing was changed.", "पहिले नै बन्द थियो; केही बदलिएन।")
            }
            Note::NoSuchTask => (
                "There is no such task, or nothing is open for this user.",
                "यस्तो काम छैन, वा यस प्रयोगकर्ताको कुनै काम खुला छैन।",
            ),
        };
        match lang {
            Lang::English => english,
            Lang::Nepali => nepali,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_the_list_are_notes() {
        for note in Note::ALL {
            assert_eq!(Note::parse(note.code()), Some(note));
        }
        assert_eq!(Note::parse("<script>"), None);
    }
}
