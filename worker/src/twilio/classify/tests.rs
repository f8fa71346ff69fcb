use std::time::Duration;

use super::super::class::SenderScope;
use super::super::codes::explain;
use super::*;

const ACCOUNT: Class = Class::Account { scope: FaultScope::Account };
const COUNTRY: Class = Class::Account { scope: FaultScope::Country };

const DESTINATION: Class = Class::Account { scope: FaultScope::Destination };

const fn later(seconds: u64) -> Class {
    Class::Later { min_delay: Duration::from_secs(seconds) }
}

const fn throttled(seconds: u64) -> Class {
    Class::Throttled { min_delay: Duration::from_secs(seconds) }
}

const fn unreachable(days: [u16; 4]) -> Class {
    Class::Unreachable(Absence::of(days))
}

/// Every code the worker knows, grouped by the reaction it must cause.
const EXPECTED: &[(Class, &[u32])] = &[
    (
        Class::Recipient,
        &[
            21211, 21214, 21217, 21219, 21265, 21266, 21268, 21421, 21453, 21612, 21614, 21635, 30004, 30005,
            30006, 63031, 63036,
        ],
    ),
    (Class::OptOut, &[21610, 30630]),
    (Class::Declined, &[63014, 63033, 63050]),
    (unreachable([30, 90, 0, 0]), &[63003, 63024]),
    (unreachable([1, 0, 0, 0]), &[63015, 63032]),
    (unreachable([1, 2, 4, 8]), &[63049]),
    (
        Class::Template,
        &[21602, 21619, 21654, 21655, 63016, 63027, 63028, 63030, 63040, 63041, 63042, 92005, 92006],
    ),
    (Class::Sender { scope: SenderScope::Sender }, &[63001, 63002, 63007, 63008, 63022, 63026]),
    (Class::Sender { scope: SenderScope::Business }, &[63020, 63051, 63062, 63112]),
    (
        COUNTRY,
        &[
            21215, 21408, 21703, 30018, 30022, 30023, 30024, 30027, 30032, 30033, 30034, 30035, 30040, 30041,
            30042, 30043,
        ],
    ),
    (DESTINATION, &[21216, 21606, 21657]),
    (
        ACCOUNT,
        &[
            10002, 20001, 20003, 20004, 20005, 20006, 20008, 20010, 20011, 20012, 20403, 20404, 20426, 70051,
            21212, 21267, 21454, 21456, 21601, 21603, 21607, 21608, 21609, 21616, 21624, 21659, 21660, 21661,
            21701, 21702, 21704, 21705, 21910, 35111, 35114, 35115, 35116, 35117, 35118, 90007, 90014,
        ],
    ),
    (ACCOUNT, &[30002, 30037, 30044, 30454, 572_002, 572_005, 572_006, 575_001]),
    (
        Class::Content,
        &[
            20422, 21604, 21605, 21617, 21618, 21620, 21623, 21656, 21658, 30007, 30010, 30011, 30019, 30038,
            30039, 30620, 63005, 63006, 63011, 63013, 63021, 63034, 92007,
        ],
    ),
    (throttled(0), &[20429]),
    (
        Class::Temporary,
        &[20409, 20504, 21481, 30500, 60616, 60624, 63009, 63010, 63012, 63019, 63023, 63029, 63037],
    ),
    (later(31), &[14107]),
    (later(60), &[63017]),
    (later(300), &[21611, 30001, 30017, 30410]),
    (later(600), &[63018]),
    (later(1_800), &[30450]),
    (later(3_600), &[30003, 30008, 30036, 30610, 30615, 35125]),
    (later(21_600), &[30453, 30485]),
    (Class::DailyCap, &[63038]),
    (Class::AlreadyDone, &[21449, 21450]),
    (Class::Unknown, &[20500, 20503]),
    (Class::LogOnly, &[11200, 12300, 30009, 63025, 63043, 63044, 63045, 63046, 63047]),
    (
        Class::SkipLookup,
        &[
            60600, 60601, 60602, 60603, 60604, 60605, 60606, 60607, 60608, 60609, 60610, 60611, 60612, 60613,
            60621, 60699,
        ],
    ),
];

fn each_code() -> impl Iterator<Item = (u32, Class)> {
    EXPECTED.iter().flat_map(|(class, codes)| codes.iter().map(|code| (*code, *class)))
}

#[test]
fn every_code_has_its_class() {
    for (code, class) in each_code() {
        assert_eq!(class_of(code), Some(class), "{code}");
    }
}

#[test]
fn the_table_holds_no_code_beyond_the_expected_ones() {
    let expected: std::collections::BTreeSet<u32> = each_code().map(|(code, _)| code).collect();
    assert_eq!(expected.len(), each_code().count(), "no code is expected twice");
    let extra: Vec<u32> =
        (0..1_000_000).filter(|code| class_of(*code).is_some() && !expected.contains(code)).collect();
    assert_eq!(extra, Vec::<u32>::new());
    assert!(!explain(999_999).is_empty());
}

#[test]
fn a_create_refused_with_400_takes_the_class_of_its_code() {
    for (code, class) in each_code() {
        let expected = match class {
            Class::AlreadyDone | Class::LogOnly | Class::SkipLookup => Class::Content,
            other => other,
        };
        assert_eq!(classify_create(400, Some(code)), expected, "{code}");
    }
}

#[test]
fn a_5xx_or_redirect_on_create_is_unknown_whatever_its_code() {
    for (code, _) in each_code() {
        for status in [301, 302, 307, 500, 502, 503, 504, 599] {
            assert_eq!(classify_create(status, Some(code)), Class::Unknown, "{status} {code}");
        }
    }
    assert_eq!(classify_create(500, None), Class::Unknown);
}

#[test]
fn a_401_or_403_is_an_account_fault_whatever_its_code() {
    for (code, class) in each_code() {
        for status in [401, 403] {
            let expected =
                if matches!(class, Class::Account { .. } | Class::DailyCap) { class } else { ACCOUNT };
            assert_eq!(classify_create(status, Some(code)), expected, "{status} {code}");
        }
    }
    assert_eq!(classify_create(401, None), ACCOUNT);
    assert_eq!(classify_create(403, Some(999_999)), ACCOUNT);
}

#[test]
fn answers_without_a_known_code_fall_back_by_status() {
    for (status, code, class) in [
        (400, Some(999_999), Class::Content),
        (400, None, Class::Content),
        (404, None, Class::Content),
        (404, Some(20404), ACCOUNT),
        (408, None, Class::Unknown),
        (408, Some(999_999), Class::Content),
        (429, Some(20429), throttled(0)),
        (429, Some(999_999), throttled(0)),
        (429, None, throttled(5)),
        (429, Some(21611), later(300)),
        (429, Some(63038), Class::DailyCap),
    ] {
        assert_eq!(classify_create(status, code), class, "{status} {code:?}");
    }
}

#[test]
fn the_code_of_a_failed_message_is_never_unknown() {
    for (code, class) in each_code() {
        let expected = if class == Class::Unknown { Class::Temporary } else { class };
        assert_eq!(classify_status(code), expected, "{code}");
    }
    for unlisted in [30_999, 599_999] {
        assert_eq!(classify_status(unlisted), Class::Content);
        assert!(!is_unlisted_channel_code(unlisted));
    }
}

#[test]
fn an_unlisted_code_of_whatsapp_concerns_the_person_for_the_day() {
    assert_eq!(classify_status(63_999), Class::Unreachable(Absence::ONE_DAY));
    assert!(is_unlisted_channel_code(63_999) && !is_unlisted_channel_code(63_018));
}
