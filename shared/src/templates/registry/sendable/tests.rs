use super::*;

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
}

#[test]
fn the_variant_of_a_user_and_day_stays_and_both_get_half() {
    assert_eq!(variant_of("1042", day(29)), variant_of("1042", day(29)));
    let vectors = [("1042", 29, Variant::A), ("1042", 30, Variant::B), ("1043", 29, Variant::B)];
    for (user, n, variant) in vectors {
        assert_eq!(variant_of(user, day(n)), variant, "{user} on {n}");
    }
    let a = (0..2_000).filter(|n| variant_of(&n.to_string(), day(29)) == Variant::A).count();
    assert!((900..1_100).contains(&a), "{a} of 2000");
}
