//! Numbers with a fixed answer (Twilio docs, "Test credentials").

/// The one sender that test credentials may use.
pub(super) const GOOD_SENDER: &str = "+15005550006";

/// The error of a magic sender.
pub(super) fn sender_error(from: &str) -> Option<u32> {
    match from {
        "+15005550001" => Some(21212),
        "+15005550007" => Some(21606),
        "+15005550008" => Some(21611),
        _ => None,
    }
}

/// The error of a magic recipient.
pub(super) fn recipient_error(to: &str) -> Option<u32> {
    match to {
        "+15005550001" => Some(21211),
        "+15005550002" => Some(21612),
        "+15005550003" => Some(21408),
        "+15005550004" => Some(21610),
        "+15005550009" => Some(21614),
        _ => None,
    }
}
