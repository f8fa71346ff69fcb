//! Which column holds what: by its name, or as the command line says.

use producer::command::Failure;

use super::field::Field;

/// A pair of `--map`: a field and the column that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    field: Field,
    column: String,
}

impl std::str::FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (field, column) = text.split_once('=').ok_or("write FIELD=COLUMN, such as phone=Mobile")?;
        let known =
            Field::of(field).ok_or_else(|| format!("no field `{field}`; there are {}", Field::list()))?;
        Ok(Self { field: known, column: column.trim().to_owned() })
    }
}

/// What the command line says about columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    pub(crate) map: Vec<Assignment>,
    pub(crate) ignore: Vec<String>,
}

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Holds(Field),
    Ignored,
    Unknown,
}

impl Mapping {
    /// The role of a column of this name.
    pub(super) fn role(&self, column: &str) -> Role {
        let same = |name: &str| name.eq_ignore_ascii_case(column.trim());
        if let Some(assigned) = self.map.iter().find(|a| same(&a.column)) {
            return Role::Holds(assigned.field);
        }
        if self.ignore.iter().any(|name| same(name.trim())) {
            return Role::Ignored;
        }
        match Field::of(column) {
            Some(field) if !self.map.iter().any(|a| a.field == field) => Role::Holds(field),
            _ => Role::Unknown,
        }
    }

    /// The roles of a header, or what is wrong with it.
    pub(super) fn layout(&self, header: &[String]) -> Result<Vec<Role>, Failure> {
        let roles: Vec<Role> = header.iter().map(|column| self.role(column)).collect();
        let holds = |field| roles.iter().filter(|role| **role == Role::Holds(field)).count();
        for field in [Field::Id, Field::Phone] {
            if holds(field) == 0 {
                return Err(missing(field));
            }
        }
        self.check_names(header)?;
        let unknown = header.iter().zip(&roles).filter(|(_, role)| **role == Role::Unknown);
        let unknown: Vec<String> = unknown.map(|(column, _)| quoted(column)).collect();
        if !unknown.is_empty() {
            return Err(not_known(&unknown));
        }
        match Field::ALL.into_iter().find(|field| holds(*field) > 1) {
            Some(field) => Err(ambiguous(field)),
            None => Ok(roles),
        }
    }

    /// Whatever the command line names must be there: a slip of the pen would leave a column out.
    fn check_names(&self, header: &[String]) -> Result<(), Failure> {
        let named = self.map.iter().map(|a| &a.column).chain(&self.ignore);
        for name in named {
            if !header.iter().any(|column| column.trim().eq_ignore_ascii_case(name.trim())) {
                let columns: Vec<String> = header.iter().map(|column| quoted(column)).collect();
                return Err(Failure::Usage(format!(
                    "the file has no column `{name}`; it has {}",
                    columns.join(", ")
                )));
            }
        }
        Ok(())
    }
}

fn missing(field: Field) -> Failure {
    let names = field.names().join("`, `");
    Failure::Usage(format!(
        "no column is known to hold the {}: call it one of `{names}`, or say which it is with --map {}=COLUMN. The \
         first line must name the columns",
        field.names()[0],
        field.names()[0]
    ))
}

pub(super) fn ambiguous(field: Field) -> Failure {
    let name = field.names()[0];
    Failure::Usage(format!(
        "two columns could be the {name}: say which it is with --map {name}=COLUMN, and --ignore the other"
    ))
}

/// `columns` are quoted already.
pub(super) fn not_known(columns: &[String]) -> Failure {
    Failure::Usage(format!(
        "unknown columns: {}. Name their field with --map FIELD=COLUMN (fields: {}), or leave them out with \
         --ignore COLUMN",
        columns.join(", "),
        Field::list()
    ))
}

/// A column's name as it may be shown: a file without a header has somebody's data in its place.
pub(super) fn quoted(column: &str) -> String {
    const LONGEST: usize = 40;
    let data = column.chars().filter(|c| c.is_numeric()).count() > 4 || column.chars().count() > LONGEST;
    if data { "(not a name)".to_owned() } else { format!("`{}`", column.trim().escape_debug()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(map: &[&str], ignore: &[&str]) -> Mapping {
        let map = map.iter().map(|text| text.parse().unwrap()).collect();
        Mapping { map, ignore: ignore.iter().map(|text| (*text).to_owned()).collect() }
    }

    fn header(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    fn refused(mapping: &Mapping, text: &str) -> String {
        mapping.layout(&header(text)).unwrap_err().to_string()
    }

    #[test]
    fn columns_are_found_by_name_or_by_map() {
        let plain = mapping(&[], &[]).layout(&header("User_ID, phone number,name")).unwrap();
        assert_eq!(plain, [Field::Id, Field::Phone, Field::Name].map(Role::Holds));
        let mapped = mapping(&["phone=Kontakt", "id=Nr"], &["Note"]);
        let roles = mapped.layout(&header("Nr,kontakt,note")).unwrap();
        assert_eq!(roles, [Role::Holds(Field::Id), Role::Holds(Field::Phone), Role::Ignored]);
    }

    #[test]
    fn what_is_not_known_is_named() {
        let plain = mapping(&[], &[]);
        assert!(refused(&plain, "id,phone,bp,Blood group").contains("`bp`, `Blood group`"));
        assert!(refused(&plain, "id,user_id,phone").contains("two columns could be the id"));
        assert!(refused(&plain, "phone,name").contains("--map id=COLUMN"));
        assert!(
            refused(&mapping(&["id=user_id"], &[]), "id,user_id,phone").contains("unknown columns: `id`")
        );
        assert!(refused(&mapping(&[], &["nte"]), "id,phone,note").contains("no column `nte`; it has `id`"));
    }

    #[test]
    fn data_in_place_of_a_header_are_not_shown() {
        let text = refused(&mapping(&[], &[]), "1,9807969278,Maya Karki");
        assert!(!text.contains("980") && !text.contains("Maya"), "{text}");
        assert!(!refused(&mapping(&[], &[]), "id,phone,९८०७९६९२७८").contains('९'));
    }

    #[test]
    fn a_map_names_known_fields() {
        assert!("tel=x".parse::<Assignment>().unwrap_err().contains("child_birth_date"));
        assert!("phone".parse::<Assignment>().is_err());
    }
}
