//! Which column holds what: by its name, or as the command line says.

use producer::cli::Failure;

use super::{
    field::Field,
    mapping::Mapping,
    wording::{self, Columns},
};

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Holds(Field),
    Ignored,
    /// Without a title: left out as long as it holds nothing.
    Nameless,
    Unknown,
}

/// How a name of the command line fits a column. The better fit decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// But for upper and lower case and the blanks around it.
    Loose,
    Exact,
    Position,
}

impl Mapping {
    /// The role of a key of JSON, which has no position.
    pub(super) fn role_of_key(&self, key: &str) -> Role {
        let key = [key.to_owned()];
        self.roles(Columns::Keys(&key)).first().copied().unwrap_or(Role::Unknown)
    }

    /// The roles of all columns, or what is wrong with them.
    pub(super) fn layout(&self, columns: Columns<'_>) -> Result<Vec<Role>, Failure> {
        self.check_names(columns)?;
        let roles = self.roles(columns);
        let with = |role: Role| -> Vec<usize> {
            roles.iter().enumerate().filter(|(_, r)| **r == role).map(|(at, _)| at).collect()
        };
        for field in [Field::Id, Field::Phone] {
            if with(Role::Holds(field)).is_empty() {
                return Err(wording::missing(field));
            }
        }
        let unknown = with(Role::Unknown);
        if !unknown.is_empty() {
            return Err(wording::not_known(columns, &unknown));
        }
        for field in Field::ALL {
            let holding = with(Role::Holds(field));
            if holding.len() > 1 {
                return Err(wording::ambiguous(field, columns, &holding));
            }
        }
        Ok(roles)
    }

    fn roles(&self, columns: Columns<'_>) -> Vec<Role> {
        let mut told: Vec<Option<(Fit, Role)>> = vec![None; columns.titles().len()];
        let mut tell = |name: &str, role: Role| {
            for (at, fit) in fits(name, columns) {
                if let Some(known) = told.get_mut(at)
                    && known.is_none_or(|(best, _)| fit > best)
                {
                    *known = Some((fit, role));
                }
            }
        };
        for assigned in &self.map {
            tell(&assigned.column, Role::Holds(assigned.field));
        }
        for text in &self.ignore {
            for name in ignored(text, columns) {
                tell(name, Role::Ignored);
            }
        }
        let own = |title: &str| match Field::of(title) {
            Some(field) if !self.names(field) => Role::Holds(field),
            _ if title.trim().is_empty() && columns.have_positions() => Role::Nameless,
            _ => Role::Unknown,
        };
        told.iter()
            .zip(columns.titles())
            .map(|(told, title)| told.map_or_else(|| own(title), |(_, r)| r))
            .collect()
    }

    /// Every name of the command line must fit a column: a typing error would leave a column out.
    fn check_names(&self, columns: Columns<'_>) -> Result<(), Failure> {
        let mapped = self.map.iter().map(|assigned| assigned.column.as_str());
        let ignored = self.ignore.iter().flat_map(|text| ignored(text, columns));
        match mapped.chain(ignored).find(|name| fits(name, columns).is_empty()) {
            Some(name) => Err(wording::no_column(name, columns)),
            None => Ok(()),
        }
    }
}

/// The names in one `--ignore`: the whole text if a column is called so, else its parts between commas.
fn ignored<'t>(text: &'t str, columns: Columns<'_>) -> Vec<&'t str> {
    if fits(text, columns).is_empty() { text.split(',').collect() } else { vec![text] }
}

/// The columns that `name` names: those with exactly this title, else nearly this title, else the one at `#N`.
fn fits(name: &str, columns: Columns<'_>) -> Vec<(usize, Fit)> {
    let titled = |fit: Fit, same: &dyn Fn(&str) -> bool| -> Vec<(usize, Fit)> {
        let found = columns.titles().iter().enumerate().filter(|(_, title)| same(title));
        found.map(|(at, _)| (at, fit)).collect()
    };
    let exact = titled(Fit::Exact, &|title| title == name);
    if !exact.is_empty() {
        return exact;
    }
    let loose = titled(Fit::Loose, &|title| title.trim().eq_ignore_ascii_case(name.trim()));
    if !loose.is_empty() {
        return loose;
    }
    let number = name.trim().strip_prefix('#').filter(|_| columns.have_positions());
    let at = number.and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
    at.filter(|at| *at < columns.titles().len()).map(|at| (at, Fit::Position)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Assignments;

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
    fn what_is_not_known_is_named() {
        let plain = mapping(&[], &[]);
        assert!(refused(&plain, "id|phone|bp|Blood group").contains("`bp`, `Blood group`"));
        assert!(refused(&plain, "id|user_id|phone").contains("two columns could be the id"));
        assert!(refused(&plain, "phone|name").contains("--map id=COLUMN"));
        assert!(
            refused(&mapping(&["id=user_id"], &[]), "id|user_id|phone").contains("unknown columns: `id`")
        );
        assert!(refused(&mapping(&[], &["nte"]), "id|phone|note").contains("no column `nte`; it has `id`"));
    }

    #[test]
    fn nameless_columns_are_no_unknown_ones() {
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
}
