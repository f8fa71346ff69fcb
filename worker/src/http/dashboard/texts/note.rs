//! The result of a form, shown once on the next page.

use crate::http::dashboard::preferences::Lang;

/// Notes with their name in the link and their texts in both languages.
macro_rules! notes {
    ($($note:ident, $code:literal, $english:literal, $nepali:literal;)+) => {
        /// One of a closed list, so that a page never repeats text from a link.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Note {
            $($note,)+
        }

        impl Note {
            const ALL: [Note; [$($code),+].len()] = [$(Note::$note),+];

            /// The note's name in the link.
            pub(crate) fn code(self) -> &'static str {
                match self {
                    $(Note::$note => $code,)+
                }
            }

            fn texts(self) -> [&'static str; 2] {
                match self {
                    $(Note::$note => [$english, $nepali],)+
                }
            }
        }
    };
}

notes! {
    Paused, "paused",
        "Paused. Every worker obeys within 2 s.",
        "रोकियो। सबै वर्कर २ सेकेन्डभित्र रोकिन्छन्।";
    Resumed, "resumed",
        "Resumed. Those who waited come back by themselves.",
        "सुचारु भयो। प्रतीक्षामा रहेकाहरू आफैँ फर्कन्छन्।";
    NotPaused, "not_paused",
        "It was not paused; nothing was changed.",
        "रोकिएको थिएन; केही बदलिएन।";
    Settled, "settled",
        "Settled.",
        "टुङ्गियो।";
    Settling, "settling",
        "Started. This page shows how far it is.",
        "सुरु भयो। कति भयो, यही पृष्ठले देखाउँछ।";
    SettlingAlready, "settling_already",
        "Unknown outcomes are being settled already; nothing was started.",
        "अज्ञात नतिजा टुङ्ग्याउने काम भइरहेकै छ; नयाँ सुरु गरिएन।";
    BadPeriod, "bad_period",
        "The period must begin before it ends. Nothing was changed.",
        "अवधि सकिनुअघि सुरु हुनुपर्छ। केही बदलिएन।";
    NumberFreed, "number_freed",
        "Settled: the number is free again. Its user has another number or attempt by now, so nothing is sent to them.",
        "टुङ्गियो: नम्बर फेरि खाली भयो। प्रयोगकर्ताको अर्कै नम्बर वा प्रयास छ, त्यसैले उहाँलाई केही पठाइँदैन।";
    TooLate, "too_late",
        "Settled: the message's time is over by now, so it is not sent.",
        "टुङ्गियो: सन्देशको समय सकिइसक्यो, त्यसैले पठाइँदैन।";
    ProvedSent, "proved_sent",
        "Settled: an earlier message of this number proved sent, so nothing more is sent to it.",
        "टुङ्गियो: यस नम्बरको पहिलेको सन्देश पठाइएको प्रमाणित भयो, त्यसैले यसमा अरू केही पठाइँदैन।";
    AnsweredFirst, "answered_first",
        "A definite answer came first; nothing was changed.",
        "पहिले नै निश्चित जवाफ आयो; केही बदलिएन।";
    NoSuchAttempt, "no_such_attempt",
        "That attempt is not unknown any more.",
        "त्यो प्रयास अब अज्ञात छैन।";
    BadSid, "bad_sid",
        "That is no message SID: SM and 32 hex digits, as in Twilio's console. Nothing was changed.",
        "त्यो सन्देश SID होइन: SM र ३२ अङ्क, Twilio कन्सोलमा जस्तै। केही बदलिएन।";
    OtherNumber, "other_number",
        "That message went to another number, or by another channel; nothing was changed.",
        "त्यो सन्देश अर्कै नम्बरमा वा अर्कै माध्यमबाट गएको थियो; केही बदलिएन।";
    TakenSid, "taken_sid",
        "That message belongs to another attempt; search for its SID to see whose. Nothing was changed.",
        "त्यो सन्देश अर्कै प्रयासको हो; कसको हो हेर्न SID खोज्नुहोस्। केही बदलिएन।";
    TwilioAway, "twilio_away",
        "Twilio does not know that message, or cannot be asked; nothing was changed.",
        "Twilio लाई त्यो सन्देश थाहा छैन, वा सोध्न सकिएन; केही बदलिएन।";
    Replayed, "replayed",
        "Replayed: it goes its way again.",
        "फेरि पठाइयो।";
    NotReplayed, "not_replayed",
        "Nothing was replayed: somebody settled that letter first, or it can only fail again.",
        "फेरि पठाइएन: कसैले पहिले नै टुङ्ग्याइसक्यो, वा फेरि असफल हुन्छ।";
    BrokerAway, "broker_away",
        "RabbitMQ did not confirm it; the letter stays open. Try again.",
        "RabbitMQ ले पुष्टि गरेन; सन्देश खुला नै छ। फेरि प्रयास गर्नुहोस्।";
    NobodyFound, "nobody",
        "Nobody of that user id or message SID is known here. Phone numbers are not searched.",
        "त्यो आईडी वा SID यहाँ छैन। फोन नम्बरबाट खोजिँदैन।";
    Entered, "entered",
        "Entered.",
        "दर्ता भयो।";
    EnteredAlready, "entered_already",
        "It was so already; nothing was changed.",
        "पहिले नै त्यस्तै थियो; केही बदलिएन।";
    TakenBack, "taken_back",
        "Taken back.",
        "फिर्ता लिइयो।";
    NothingToTakeBack, "nothing_to_take_back",
        "There was nothing to take back; nothing was changed.",
        "फिर्ता लिने केही थिएन; केही बदलिएन।";
    StaysStopped, "stays_stopped",
        "Messages stay stopped: a person has to look at it first. Nothing was changed.",
        "सन्देश रोकिएकै छन्: पहिले मान्छेले हेर्नुपर्छ। केही बदलिएन।";
    NoNumber, "no_number",
        "No number of this user is known; nothing was changed.",
        "यस प्रयोगकर्ताको नम्बर थाहा छैन; केही बदलिएन।";
    TaskClosed, "task_closed",
        "Closed.",
        "बन्द भयो।";
    TaskClosedAlready, "task_closed_already",
        "It was closed already; nothing was changed.",
        "पहिले नै बन्द थियो; केही बदलिएन।";
    NoSuchTask, "no_such_task",
        "There is no such task, or nothing is open for this user.",
        "यस्तो काम छैन, वा यस प्रयोगकर्ताको कुनै काम खुला छैन।";
    AnswerQueued, "answer_queued",
        "The answer is on its way; its state shows below.",
        "जवाफ पठाइँदै छ; अवस्था तल देखिन्छ।";
    Taken, "taken",
        "You have taken the conversation.",
        "कुराकानी तपाईंले लिनुभयो।";
    TalkClosed, "talk_closed",
        "Closed.",
        "बन्द भयो।";
    TalkClosedAlready, "talk_closed_already",
        "It was closed already; nothing was changed.",
        "पहिले नै बन्द थियो; केही बदलिएन।";
    NoSuchTalk, "no_such_talk",
        "There is no such conversation, or its time is over.",
        "यस्तो कुराकानी छैन, वा यसको अवधि सकियो।";
    InboxOff, "inbox_off",
        "INBOX_KEY is not set: texts can be neither read nor sent. Nothing was done.",
        "INBOX_KEY राखिएको छैन: पाठ पढ्न वा पठाउन मिल्दैन। केही गरिएन।";
    NewerStored, "newer_stored",
        "The stored data is newer than this worker's clock; nothing was changed.",
        "सुरक्षित जानकारी यो वर्करको घडीभन्दा नयाँ छ; केही बदलिएन।";
}

impl Note {
    /// The note with this name.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| n.code() == code)
    }

    /// The text of the note.
    pub(crate) fn text(self, lang: Lang) -> &'static str {
        let [english, nepali] = self.texts();
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
