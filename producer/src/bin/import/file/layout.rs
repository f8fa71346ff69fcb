//! The field of each column, by its name or by `--map` and `--ignore`.

use producer::cli::Failure;

use super::{
    column_errors::{self, Columns},
    raw_row::Field,
};

/// A pair of `--map`: a field and the column that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    field: Field,
    /// A title or, such as `#3`, a position.
    column: String,
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

/// The options `--map` and `--ignore`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    map: Vec<Assignment>,
    /// Each a column or, if no column is called so, several with commas between them.
    ignore: Vec<String>,
}

impl Mapping {
    /// Combines every `--map` and every `--ignore`.
    pub(crate) fn new(map: &[Assignments], ignore: &[String]) -> Self {
        Self { map: map.iter().flat_map(|one| one.0.clone()).collect(), ignore: ignore.to_vec() }
    }

    /// Whether `--map` names the column of `field`.
    fn names(&self, field: Field) -> bool {
        self.map.iter().any(|assigned| assigned.field == field)
    }
}

/// The role of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Holds(Field),
    Ignored,
    /// A column without a title. It is left out if it is empty.
    Nameless,
    Unknown,
}

/// How a name of the command line matches a column. The better match decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Equal except for case and surrounding blanks.
    Loose,
    Exact,
    Position,
}

impl Mapping {
    /// The role of a JSON key.
    pub(super) fn role_of_key(&self, key: &str) -> Role {
        let key = [key.to_owned()];
        self.roles(Columns::Keys(&key)).first().copied().unwrap_or(Role::Unknown)
    }

    /// The roles of all columns. Fails if a column cannot be used.
    pub(super) fn layout(&self, columns: Columns<'_>) -> Result<Vec<Role>, Failure> {
        self.check_names(columns)?;
        let roles = self.roles(columns);
        let with = |role: Role| -> Vec<usize> {
            roles.iter().enumerate().filter(|(_, r)| **r == role).map(|(at, _)| at).collect()
        };
        for field in [Field::Id, Field::Phone] {
            if with(Role::Holds(field)).is_empty() {
                return Err(column_errors::missing(field));
            }
        }
        let unknown = with(Role::Unknown);
        if !unknown.is_empty() {
            return Err(column_errors::not_known(columns, &unknown));
        }
        for field in Field::ALL {
            let holding = with(Role::Holds(field));
            if holding.len() > 1 {
                return Err(column_errors::ambiguous(field, columns, &holding));
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

    /// Every name of the command line must match a column, since a typing error would leave a column out.
    fn check_names(&self, columns: Columns<'_>) -> Result<(), Failure> {
        let mapped = self.map.iter().map(|assigned| assigned.column.as_str());
        let ignored = self.ignore.iter().flat_map(|text| ignored(text, columns));
        match mapped.chain(ignored).find(|name| fits(name, columns).is_empty()) {
            Some(name) => Err(column_errors::no_column(name, columns)),
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
mod tests;
