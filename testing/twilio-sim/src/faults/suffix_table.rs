//! The table of suffixes; the README describes each.

use super::action::{Action, FailedStatus, PlainBody};
use super::operation::Operation;
use crate::channel::Channel;

/// What numbers with these last four digits meet.
#[derive(Debug)]
pub(super) struct SuffixFault {
    pub(super) digits: &'static str,
    pub(super) operation: Operation,
    /// Only for recipients on this channel.
    pub(super) channel: Option<Channel>,
    /// Only for this many first requests of each number.
    pub(super) first: Option<u32>,
    pub(super) actions: fn() -> Vec<Action>,
}

const fn create(digits: &'static str, actions: fn() -> Vec<Action>) -> SuffixFault {
    SuffixFault { digits, operation: Operation::Create, channel: None, first: None, actions }
}

const fn first(digits: &'static str, times: u32, actions: fn() -> Vec<Action>) -> SuffixFault {
    SuffixFault { digits, operation: Operation::Create, channel: None, first: Some(times), actions }
}

const fn lookup(digits: &'static str, actions: fn() -> Vec<Action>) -> SuffixFault {
    SuffixFault { digits, operation: Operation::Lookup, channel: None, first: None, actions }
}

const fn whatsapp(digits: &'static str, actions: fn() -> Vec<Action>) -> SuffixFault {
    let channel = Some(Channel::WhatsApp);
    SuffixFault { digits, operation: Operation::Create, channel, first: None, actions }
}

const fn whatsapp_first(digits: &'static str, times: u32, actions: fn() -> Vec<Action>) -> SuffixFault {
    let channel = Some(Channel::WhatsApp);
    SuffixFault { digits, operation: Operation::Create, channel, first: Some(times), actions }
}

fn plain(status: u16, body: PlainBody) -> Vec<Action> {
    vec![Action::Error {
        status: Some(status),
        code: None,
        message: None,
        retry_after: None,
        body: Some(body),
        store: false,
    }]
}

fn undelivered(error_code: u32) -> Vec<Action> {
    vec![Action::FinalStatus { status: FailedStatus::Undelivered, error_code }]
}

fn failed(error_code: u32) -> Vec<Action> {
    vec![Action::FinalStatus { status: FailedStatus::Failed, error_code }]
}

fn fail(error_code: u32) -> Vec<Action> {
    vec![Action::Fail { error_code }]
}

fn refuse(code: u32) -> Vec<Action> {
    vec![Action::Refuse { code }]
}

fn error(code: u32) -> Vec<Action> {
    vec![Action::error(code)]
}

pub(super) const TABLE: &[SuffixFault] = &[
    // 90: the answer is lost or late.
    create("9001", || vec![Action::status(500, false)]),
    create("9002", || vec![Action::status(503, false)]),
    create("9003", || vec![Action::status(500, true)]),
    create("9004", || vec![Action::Reset { store: false }]),
    create("9005", || vec![Action::Reset { store: true }]),
    create("9006", || vec![Action::Hang { ms: 60_000, store: false }]),
    create("9007", || vec![Action::Hang { ms: 60_000, store: true }]),
    create("9008", || vec![Action::BrokenJson]),
    create("9009", || vec![Action::CallbackFirst { ms: 2_000 }]),
    create("9010", || vec![Action::Latency { ms: 5_000 }]),
    create("9011", || plain(502, PlainBody::Html)),
    create("9012", || plain(500, PlainBody::Empty)),
    first("9013", 1, || vec![Action::Reset { store: false }]),
    // 91: too much, too fast.
    create("9101", || error(20429)),
    first("9102", 3, || error(20429)),
    first("9103", 2, || vec![Action::too_many_requests(2)]),
    first("9104", 2, || error(21611)),
    first("9105", 2, || vec![Action::status(503, false)]),
    // 92: the recipient is refused.
    create("9208", || refuse(21408)),
    create("9210", || refuse(21610)),
    create("9211", || error(21211)),
    create("9212", || refuse(21612)),
    create("9214", || refuse(21614)),
    create("9235", || refuse(21635)),
    create("9265", || refuse(21265)),
    create("9268", || refuse(21268)),
    // 93: the account or the message is refused.
    create("9301", || error(20003)),
    create("9303", || error(20403)),
    create("9304", || error(20404)),
    create("9305", || error(20005)),
    create("9306", || error(21606)),
    create("9307", || refuse(21703)),
    create("9308", || error(21608)),
    create("9317", || error(21617)),
    create("9318", || error(21618)),
    create("9338", || error(63038)),
    create("9399", || error(29999)),
    // 94: accepted, then not delivered.
    create("9401", || failed(30001)),
    create("9402", || failed(30002)),
    create("9403", || undelivered(30003)),
    create("9404", || undelivered(30004)),
    create("9405", || undelivered(30005)),
    create("9406", || undelivered(30006)),
    create("9407", || undelivered(30007)),
    create("9408", || undelivered(30008)),
    create("9410", || failed(21610)),
    create("9417", || undelivered(30017)),
    create("9430", || failed(30500)),
    create("9436", || failed(30036)),
    create("9440", || failed(30040)),
    create("9450", || failed(30450)),
    create("9499", || failed(39999)),
    // 95: callbacks.
    create("9501", || vec![Action::NoCallbacks]),
    create("9502", || vec![Action::DuplicateCallbacks { copies: 2 }]),
    create("9503", || vec![Action::ShuffleCallbacks]),
    create("9504", || vec![Action::WrongSignature]),
    create("9505", || vec![Action::MissingSignature]),
    create("9506", || vec![Action::SentLast]),
    create("9507", || vec![Action::DuplicateCallbacks { copies: 3 }, Action::ShuffleCallbacks]),
    // 96: reading back.
    create("9601", || {
        vec![Action::Reset { store: true }, Action::NoCallbacks, Action::ListLag { ms: 5_000 }]
    }),
    create("9602", || vec![Action::FetchNotFound { ms: 5_000 }]),
    create("9603", || vec![Action::Reset { store: true }, Action::NoCallbacks]),
    // 97: Lookup.
    lookup("9701", || vec![Action::LookupInvalid { error: "TOO_SHORT".to_owned() }]),
    lookup("9702", || vec![Action::LookupPackageError { code: 60600 }]),
    lookup("9703", || error(20429)),
    lookup("9704", || vec![Action::status(500, false)]),
    lookup("9705", || vec![Action::Hang { ms: 60_000, store: false }]),
    lookup("9706", || error(20404)),
    lookup("9707", || vec![Action::LookupLine { line_type: "landline".to_owned() }]),
    lookup("9708", || vec![Action::Reset { store: false }]),
    lookup("9709", || vec![Action::BrokenJson]),
    // 98: WhatsApp only, so that an SMS to the same number arrives.
    whatsapp("9803", || fail(63003)),
    whatsapp("9814", || fail(63014)),
    whatsapp("9816", || fail(63016)),
    whatsapp_first("9818", 2, || fail(63018)),
    whatsapp("9824", || fail(63024)),
    whatsapp("9832", || fail(63032)),
    whatsapp("9841", || fail(63041)),
    whatsapp("9849", || fail(63049)),
    whatsapp("9850", || vec![Action::SentLast]),
    whatsapp("9851", || vec![Action::Unread]),
    whatsapp("9852", || vec![Action::ReadFirst]),
    whatsapp("9853", || vec![Action::FailedThenDelivered { error_code: 63024 }]),
    whatsapp("9854", || vec![Action::DeliveredThenFailed { error_code: 63024 }]),
    whatsapp("9855", || vec![Action::HiddenPhone]),
    whatsapp("9856", || vec![Action::LateCallbacks { ms: 7_200_000 }]),
    whatsapp("9899", || fail(63999)),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::TABLE;

    #[test]
    fn suffixes_are_distinct_and_described() {
        let readme = include_str!("../../README.md");
        let mut seen = HashSet::new();
        for fault in TABLE {
            assert!(seen.insert(fault.digits), "{} twice", fault.digits);
            assert!(readme.contains(&format!("| {} |", fault.digits)), "{} not in README", fault.digits);
            assert!(!(fault.actions)().is_empty());
        }
    }
}
