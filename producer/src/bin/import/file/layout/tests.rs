use super::*;

fn read(text: &str) -> Result<Vec<(Field, String)>, String> {
    let pairs = text.parse::<Assignments>()?.0;
    Ok(pairs.into_iter().map(|pair| (pair.field, pair.column)).collect())
}

#[test]
fn a_comma_separates_pairs_or_belongs_to_a_title() {
    let pair = |field, column: &str| (field, column.to_owned());
    for (text, expected) in [
        ("phone=Mobile", vec![pair(Field::Phone, "Mobile")]),
        ("id=Nr,phone=Mobile", vec![pair(Field::Id, "Nr"), pair(Field::Phone, "Mobile")]),
        ("phone=Mobile (10 digits, no spaces)", vec![pair(Field::Phone, "Mobile (10 digits, no spaces)")]),
        (
            "id=Nr, phone=Mobile (10 digits, no spaces),name=a=b, c",
            vec![
                pair(Field::Id, "Nr"),
                pair(Field::Phone, "Mobile (10 digits, no spaces)"),
                pair(Field::Name, "a=b, c"),
            ],
        ),
        ("phone=", vec![pair(Field::Phone, "")]),
    ] {
        assert_eq!(read(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn a_map_names_known_fields() {
    assert!(read("tel=x").unwrap_err().contains("child_birth_date"));
    assert!(read("phone").is_err());
}

fn mapping(map: &[&str], ignore: &[&str]) -> Mapping {
    let map: Vec<Assignments> = map.iter().map(|text| text.parse().unwrap()).collect();
    let ignore: Vec<String> = ignore.iter().map(|text| (*text).to_owned()).collect();
    Mapping::new(&map, &ignore)
}

fn header(text: &str) -> Vec<String> {
    text.split('|').map(str::to_owned).collect()
}

fn layout(mapping: &Mapping, text: &str) -> Result<Vec<Role>, String> {
    mapping.layout(Columns::Header(&header(text))).map_err(|e| e.to_string())
}

fn refused(mapping: &Mapping, text: &str) -> String {
    layout(mapping, text).unwrap_err()
}

const ID: Role = Role::Holds(Field::Id);
const PHONE: Role = Role::Holds(Field::Phone);

#[test]
fn columns_are_found_by_name_or_by_map() {
    let plain = layout(&mapping(&[], &[]), "User_ID| phone number|name").unwrap();
    assert_eq!(plain, [ID, PHONE, Role::Holds(Field::Name)]);
    let mapped = mapping(&["phone=Kontakt", "id=Nr"], &["Note"]);
    assert_eq!(layout(&mapped, "Nr|kontakt|note").unwrap(), [ID, PHONE, Role::Ignored]);
}

#[test]
fn titles_may_hold_commas_and_equal_signs() {
    let mapping = mapping(&["phone=Mobile (10 digits, no spaces)"], &["Remarks, if any", "a=b,c", "c,d"]);
    let roles = layout(&mapping, "id|Mobile (10 digits, no spaces)|Remarks, if any|a=b|c|d").unwrap();
    assert_eq!(roles, [ID, PHONE, Role::Ignored, Role::Ignored, Role::Ignored, Role::Ignored]);
}

#[test]
fn a_position_tells_columns_of_one_name_apart() {
    let by_position = mapping(&["phone=#2"], &["#3"]);
    assert_eq!(layout(&by_position, "id|phone|phone").unwrap(), [ID, PHONE, Role::Ignored]);
    let both = mapping(&["phone=phone"], &["#2"]);
    assert_eq!(layout(&both, "id|phone|phone").unwrap(), [ID, Role::Ignored, PHONE]);
    let title_first = mapping(&["phone=#1"], &[]);
    assert_eq!(layout(&title_first, "id|#1").unwrap(), [ID, PHONE]);
    assert!(refused(&mapping(&["phone=#3"], &[]), "id|phone").contains("no column `#3`"));
}

#[test]
fn exact_titles_come_before_similar_ones() {
    let exact = mapping(&["phone=phone"], &["Phone"]);
    assert_eq!(layout(&exact, "id|Phone|phone").unwrap(), [ID, Role::Ignored, PHONE]);
    assert_eq!((exact.role_of_key("Phone"), exact.role_of_key("phone")), (Role::Ignored, PHONE));
    assert_eq!(mapping(&["phone=#1"], &[]).role_of_key("tel"), Role::Unknown);
}

#[test]
fn unknown_columns_are_named() {
    let plain = mapping(&[], &[]);
    assert!(refused(&plain, "id|phone|bp|Blood group").contains("`bp`, `Blood group`"));
    assert!(refused(&plain, "id|user_id|phone").contains("two columns could be the id"));
    assert!(refused(&plain, "phone|name").contains("--map id=COLUMN"));
    assert!(refused(&mapping(&["id=user_id"], &[]), "id|user_id|phone").contains("unknown columns: `id`"));
    assert!(refused(&mapping(&[], &["nte"]), "id|phone|note").contains("no column `nte`; it has `id`"));
}

#[test]
fn nameless_columns_are_not_unknown() {
    let roles = layout(&mapping(&[], &[]), "id|phone|| ").unwrap();
    assert_eq!(roles, [ID, PHONE, Role::Nameless, Role::Nameless]);
    assert_eq!(layout(&mapping(&["phone=#2"], &[""]), "id||").unwrap(), [ID, PHONE, Role::Ignored]);
    assert_eq!(mapping(&[], &[]).role_of_key(""), Role::Unknown);
}

#[test]
fn data_in_place_of_a_header_are_not_shown() {
    let text = refused(&mapping(&[], &[]), "1|9807969278|Maya Karki");
    assert!(!text.contains("980") && !text.contains("Maya"), "{text}");
    let text = refused(&mapping(&[], &[]), "id|phone|९८०७९६९२७८");
    assert!(!text.contains('९') && text.contains("#3"), "{text}");
}
