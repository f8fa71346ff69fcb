//! What the command line says about columns: `--map` and `--ignore`.

use super::field::Field;

/// A pair of `--map`: a field and the column that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) field: Field,
    /// A title or, such as `#3`, a position.
    pub(super) column: String,
}

/// One `--map`: a pair, or several with commas between them.
///
/// A title may hold commas: a comma begins another pair only if a known field and `=` follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignments(Vec<Assignment>);

impl std::str::FromStr for Assignments {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        pairs(text).into_iter().map(assignment).collect::<Result<_, _>>().map(Self)
    }
}

fn pairs(text: &str) -> Vec<&str> {
    let named = |rest: &str| rest.split_once('=').is_some_and(|(field, _)| Field::of(field).is_some());
    let commas = text.match_indices(',').map(|(at, _)| at).filter(|at| named(&text[at + 1..]));
    let mut pairs = Vec::new();
    let mut start = 0;
    for comma in commas {
        pairs.push(&text[start..comma]);
        start = comma + 1;
    }
    pairs.push(&text[start..]);
    pairs
}

fn assignment(text: &str) -> Result<Assignment, String> {
    let (field, column) = text.split_once('=').ok_or("write FIELD=COLUMN, such as phone=Mobile")?;
    let known = Field::of(field).ok_or_else(|| format!("no field `{field}`; there are {}", Field::list()))?;
    Ok(Assignment { field: known, column: column.to_owned() })
}

/// What the command line says about columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    pub(super) map: Vec<Assignment>,
    /// Each a column or, if no column is called so, several with commas between them.
    pub(super) ignore: Vec<String>,
}

impl Mapping {
    /// Of every `--map` and every `--ignore`.
    pub(crate) fn new(map: &[Assignments], ignore: &[String]) -> Self {
        Self { map: map.iter().flat_map(|one| one.0.clone()).collect(), ignore: ignore.to_vec() }
    }

    /// Whether `--map` names the column of `field`.
    pub(super) fn names(&self, field: Field) -> bool {
        self.map.iter().any(|assigned| assigned.field == field)
    }
}

#[cfg(test)]
mod tests {
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
            (
                "phone=Mobile (10 digits, no spaces)",
                vec![pair(Field::Phone, "Mobile (10 digits, no spaces)")],
            ),
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
}
