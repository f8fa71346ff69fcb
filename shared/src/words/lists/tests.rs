//! The table, and what its phrases may not share.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::*;

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter_map(Row::parse)
}

#[test]
fn every_line_of_the_table_is_a_comment_or_a_row() {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.count(), rows().count());
    assert!(TABLE.starts_with("# version: ") && TABLE.ends_with('\n'));
}

#[test]
fn no_line_appears_twice() {
    let mut lines: Vec<&str> = TABLE.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.windows(2).find(|pair| pair[0] == pair[1]), None);
}

#[test]
fn a_malformed_line_is_no_row() {
    for line in [
        "",
        "# stop\twhole\ten\tstop",
        "stop",
        "stop\twhole\ten",
        "stop\twhole\ten\t",
        "stop\twhole\ten\tstop\tnow",
        "stop\twhole\tfr\tarret",
        "stop\tsometimes\ten\tstop",
        "halt\twhole\ten\tstop",
        // A part of a message cannot stop messages, and a whole message is not `maybe_stop`.
        "stop\tstem\ten\tstop",
        "maybe_stop\twhole\ten\tstop",
        "other\twhole\ten\thello",
    ] {
        assert!(Row::parse(line).is_none(), "{line:?}");
    }
}

#[test]
fn folded_phrases_belong_to_one_class_and_are_not_empty() {
    let (mut whole, mut parts) = (HashMap::new(), HashMap::new());
    for row in rows() {
        let (classes, phrase, class) = match row {
            Row::Button(..) => continue,
            Row::Whole(said, phrase) => (&mut whole, phrase, said.class()),
            Row::Part(mention, _, phrase) => (&mut parts, phrase, mention.class()),
        };
        assert!(!fold(phrase).is_empty(), "{phrase}");
        let other = *classes.entry(fold(phrase)).or_insert(class);
        assert_eq!(other, class, "{phrase}");
    }
}

#[test]
fn a_whole_phrase_contains_no_part_of_a_class_that_it_does_not_belong_to() {
    for row in rows() {
        let Row::Whole(said, phrase) = row else { continue };
        let folded = fold(phrase);
        let words: Vec<&str> = folded.split(' ').collect();
        for mention in Mention::ALL {
            let same = matches!((said, mention), (Said::Stop, Mention::Stop) | (Said::Loss, Mention::Loss));
            assert!(same || !LISTS.mentions(&words, mention), "{phrase} mentions {}", mention.class());
        }
    }
}

#[test]
fn every_loss_that_a_whole_message_reports_is_found_in_a_longer_one() {
    for row in rows() {
        let Row::Whole(Said::Loss, phrase) = row else { continue };
        let folded = fold(&format!("अब {phrase} ?"));
        assert!(LISTS.mentions(&folded.split(' ').collect::<Vec<_>>(), Mention::Loss), "{phrase}");
    }
}

#[test]
fn every_button_has_a_meaning() {
    let buttons =
        ["stop", "start", "help", "weekly", "loss", "born", "not_me"].map(|name| LISTS.button(name));
    assert_eq!(
        buttons.map(|said| said.unwrap()),
        [Said::Stop, Said::Start, Said::Help, Said::Less, Said::Loss, Said::Birth, Said::WrongNumber]
    );
    assert_eq!(LISTS.button(" STOP\n"), Some(Said::Stop));
    assert_eq!(LISTS.button("halt"), None);
    assert_eq!(LISTS.button(""), None);
}

#[test]
fn the_edition_says_that_no_native_speaker_has_reviewed_the_phrases() {
    assert_eq!(LISTS.edition, Edition { version: 1, reviewed_by: None });
    let reviewed = Edition::read("# version: 2\n# reviewed by: Maya Karki, 2027-01-05\n");
    assert_eq!(reviewed, Edition { version: 2, reviewed_by: Some("Maya Karki, 2027-01-05") });
}

/// Each stored class names the version that decided it. If this test fails after a change of the table, raise the version
/// in the table and write the new version and digest here.
#[test]
fn a_change_of_the_table_raises_the_version() {
    let digest = Sha256::digest(TABLE);
    let start = digest.first_chunk().map(|start| u64::from_be_bytes(*start));
    assert_eq!(
        (LISTS.edition.version, start),
        (1, Some(0x81ce_1d6e_6bab_d6c5)),
        "{:x}",
        start.unwrap_or_default()
    );
}
