//! The welcome in every language: its length, its encoding, and whether its wording is discreet.

use shared::{
    config::Env,
    templates::{self, Language, discreetness, segments::Encoding},
};

use super::finding::Findings;
use crate::config::StopLinks;

pub(super) async fn check(found: &mut Findings) {
    // Its faults are shown above.
    let links = StopLinks::read(&mut Env::of_process());
    for language in Language::ALL {
        let own =
            links.as_ref().map(|links| templates::welcome_with_address(language, &links.base.example()));
        let message = own.as_ref().unwrap_or_else(|| templates::welcome(language));
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
