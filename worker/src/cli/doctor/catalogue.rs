//! The welcome in every language: its length, its encoding, and whether its wording is discreet.

use shared::templates::{self, Language, discreetness, segments::Encoding};

use super::finding::Findings;

pub(super) async fn check(found: &mut Findings) {
    for language in Language::ALL {
        let message = templates::welcome(language);
        let cost = message.segments();
        let encoding = match cost.encoding {
            Encoding::Gsm7 => "GSM-7",
            Encoding::Ucs2 => "UCS-2",
        };
        let text = format!("{language}: {} units in {encoding}, {} segment(s)", cost.units, cost.segments);
        if cost.segments == 1 {
            found.passed("length", text);
        } else {
            found.warning("length", text, "every segment is billed: shorten it");
        }
        let telling = discreetness::lint(message.content().text().unwrap_or_default()).len();
        if telling == 0 {
            found.passed("wording", format!("{language}: no word that reveals a condition"));
        } else {
            let text = format!("{language}: {telling} words that reveal a condition");
            found.misconfigured("wording", text, "phones are shared: reword it");
        }
    }
}
