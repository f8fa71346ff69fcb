//! Everyday words for states, statuses and lanes, and how good they are.

use crate::http::dashboard::preferences::Lang;

/// How good something is; the style sheet knows these words.
pub(crate) type Tone = &'static str;

/// The everyday word for a state, a status, a lane, a kind of task or a part of a consent. An unlisted value is shown unchanged.
pub(crate) fn word(lang: Lang, word: &str) -> String {
    let (english, nepali) = match word {
        "stored" => ("stored", "सुरक्षित"),
        "received" | "waiting" => ("waiting", "प्रतीक्षामा"),
        "rejected" => ("number unusable", "नम्बर अनुपयुक्त"),
        "registered" => ("registered", "दर्ता भएको"),
        "suppressed" => ("not to be texted", "सन्देश नपठाउने"),
        "failed" => ("failed", "असफल"),
        "not_sent" => ("not sent", "नपठाइएको"),
        "skipped" => ("not needed", "आवश्यक छैन"),
        "refused" => ("refused", "अस्वीकृत"),
        "deferred" => ("to be tried again", "फेरि प्रयास हुने"),
        "sending" => ("being sent", "पठाइँदै"),
        "unknown" => ("unknown", "अज्ञात"),
        "accepted" => ("accepted", "स्वीकृत"),
        "queued" => ("queued", "लाममा"),
        "sent" => ("sent", "पठाइयो"),
        "delivered" => ("delivered", "पुग्यो"),
        "read" => ("read", "पढियो"),
        "undelivered" => ("not delivered", "पुगेन"),
        "live" => ("live", "नयाँ"),
        "backfill" => ("backfill", "पुराना"),
        // Without what happened: others may see the list.
        "loss" => ("changed situation", "अवस्था फेरिएको"),
        "wrong_number" => ("wrong number", "गलत नम्बर"),
        "stop_request" => ("asks for no messages", "सन्देश नपठाउन अनुरोध"),
        "date" => ("a date to check", "जाँच्नुपर्ने मिति"),
        "handoff" => ("asks for a person", "मान्छेसँग कुरा गर्न खोज्नुभएको"),
        "onboarding" => ("welcome", "स्वागत सन्देश"),
        "tips" => ("tips", "सुझाव"),
        "support_after_loss" => ("support", "सहयोग"),
        "sms" => ("SMS", "SMS"),
        "whatsapp" => ("WhatsApp", "WhatsApp"),
        "signup" => ("signup", "दर्ता"),
        "event" => ("portal", "पोर्टल"),
        "link" => ("stop link", "रोक्ने लिङ्क"),
        "staff" => ("staff", "कर्मचारी"),
        "import" => ("file", "फाइल"),
        "inbound" => ("their message", "प्रयोगकर्ताको सन्देश"),
        "twilio" => ("Twilio", "Twilio"),
        // How a message was understood, and what it consists of. A loss is above.
        "stop" => ("no more messages", "सन्देश नपठाउन अनुरोध"),
        "start" => ("messages again", "फेरि सन्देश पठाउन अनुरोध"),
        "help" => ("help", "मद्दत"),
        "less" => ("fewer messages", "कम सन्देश"),
        "birth" => ("a birth", "जन्म"),
        "loss_mentioned" => ("asks about a changed situation", "फेरिएको अवस्थाबारे कुरा"),
        "danger" => ("danger sign", "खतराको सङ्केत"),
        "maybe_stop" => ("perhaps no more messages", "सायद सन्देश नचाहने"),
        "other" => ("something else", "अन्य"),
        "text" => ("text", "पाठ"),
        "button" => ("button", "बटन"),
        "media" => ("photo, voice or file", "फोटो, आवाज वा फाइल"),
        "location" => ("location", "स्थान"),
        "contacts" => ("contacts", "सम्पर्क नम्बर"),
        "reaction" => ("reaction", "प्रतिक्रिया"),
        "welcome" => ("welcome", "स्वागत"),
        "tip" => ("tip", "सुझाव"),
        "notice" => ("notice", "सूचना"),
        "reply" => ("reply", "जवाफ"),
        "pregnancy" => ("pregnancy", "गर्भावस्था"),
        "newborn" => ("newborn", "नवजात शिशु"),
        "infant" => ("infant", "शिशु"),
        "sendable" => ("may be sent", "पठाउन मिल्छ"),
        "removed" => ("removed at Twilio", "Twilio बाट हटाइएको"),
        "unsubmitted" => ("not submitted", "पेस नगरिएको"),
        "pending" => ("under review", "समीक्षामा"),
        "paused" => ("paused by Meta", "Meta ले रोकेको"),
        "disabled" => ("stopped by Meta permanently", "Meta ले सधैंका लागि रोकेको"),
        "held" => ("held after a refusal", "अस्वीकारपछि रोकिएको"),
        "recategorised" => ("other category", "वर्ग फेरिएको"),
        "changed" => ("changed since the mapping", "मिलाएपछि फेरिएको"),
        other => return other.to_owned(),
    };
    match lang {
        Lang::English => english,
        Lang::Nepali => nepali,
    }
    .to_owned()
}

/// How good the status of a welcome is.
pub(crate) fn tone(welcome: &str) -> Tone {
    match welcome {
        "delivered" | "read" => "good",
        "failed" | "undelivered" | "refused" => "bad",
        "unknown" => "warn",
        _ => "",
    }
}
