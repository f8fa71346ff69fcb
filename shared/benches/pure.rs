//! The CPU cost of an event without services: `cargo bench -p shared`.

use chrono::Utc;
use divan::{Bencher, black_box, counter::ItemsCount};
use shared::{
    domain::UserId,
    events::{self, Signup},
    phone::{Region, escape, normalise, warm_up},
};

const VECTORS: &str = include_str!("../tests/data/phone-vectors.tsv");

fn main() {
    warm_up();
    divan::main();
}

/// Text and region of the vectors, restricted to `region` if it is given.
fn forms(region: Option<&str>) -> Vec<(String, Region)> {
    let lines = VECTORS.lines().skip(1).filter(|line| !line.starts_with('#'));
    let columns = lines.filter_map(|line| {
        let mut columns = line.split('\t');
        Some((columns.next()?, columns.next()?))
    });
    let wanted = columns.filter(|(_, its)| !its.is_empty() && region.is_none_or(|region| region == *its));
    wanted
        .filter_map(|(text, its)| Some((escape::unescape(text).ok()?.into_owned(), its.parse().ok()?)))
        .collect()
}

#[divan::bench(args = ["NP", "all regions"])]
fn normalise_number(bencher: Bencher<'_, '_>, region: &str) {
    let forms = forms(Some(region).filter(|region| region.len() == 2));
    bencher.counter(ItemsCount::new(forms.len())).bench(|| {
        for (text, region) in &forms {
            let _read = black_box(normalise(black_box(text), *region));
        }
    });
}

#[divan::bench]
fn encode_signup(bencher: Bencher<'_, '_>) {
    let signup = signup();
    bencher
        .bench(|| events::signed_up("01a20513-5ac9-70ef-8a04-624df7c6a5da", "/portal", Utc::now(), &signup));
}

#[divan::bench]
fn decode_signup(bencher: Bencher<'_, '_>) {
    let body = events::signed_up("01a20513-5ac9-70ef-8a04-624df7c6a5da", "/portal", Utc::now(), &signup());
    bencher.bench(|| events::decode(black_box(&body)));
}

fn signup() -> Signup {
    Signup {
        language: Some("ne".into()),
        channel: Some("sms".into()),
        ..Signup::new(UserId::parse("1042").expect("an id"), "९८०-७९६९२७८".into())
    }
}
