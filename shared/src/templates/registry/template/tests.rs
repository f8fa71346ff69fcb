use super::*;
use crate::templates::{
    Content,
    registry::fixtures::{mapped, sid},
};

fn template() -> Template {
    Template::of(&mapped()).unwrap()
}

#[test]
fn a_template_is_filled_with_the_fields_of_its_mapping() {
    let fields = Fields::default()
        .with(Field::Week, "26")
        .with(Field::Text, "पानी   धेरै पिउनुहोस्")
        .with(Field::Name, "not printed");
    let content = template().fill(&fields).unwrap();
    assert_eq!(content.variables(), r#"{"1":"26","2":"पानी धेरै पिउनुहोस्"}"#);
    let Content::Template { content_sid, .. } = content else { panic!("a text") };
    assert_eq!(content_sid.as_str(), sid(1));
}

#[test]
fn a_message_with_a_missing_or_unfit_fact_is_not_half_filled() {
    let week = Fields::default().with(Field::Week, "26");
    assert_eq!(template().fill(&week), Err(Unfit::NoField(Field::Text)));
    for (text, fault) in [
        (" ", Unfit::Empty("2".to_owned())),
        ("one\ntwo", Unfit::Control("2".to_owned())),
        ("{{1}}", Unfit::Braces("2".to_owned())),
        ("\u{202e}x", Unfit::Direction("2".to_owned())),
        (&"x".repeat(5_000), Unfit::LongValue { name: "2".to_owned(), characters: 5_000 }),
    ] {
        assert_eq!(template().fill(&week.clone().with(Field::Text, text)), Err(fault));
    }
    let long = template().fill(&week.with(Field::Text, "x".repeat(1_000)));
    assert!(matches!(long, Err(Unfit::LongMessage(characters)) if characters > 1_024), "{long:?}");
}

#[test]
fn an_unreadable_mapping_is_no_template() {
    let mut one = mapped();
    one.content.content_sid = "HX1".to_owned();
    assert_eq!(Template::of(&one), None);
    let mut one = mapped();
    one.variables.insert("1".to_owned(), "shoe_size".to_owned());
    assert_eq!(Template::of(&one), None);
}
