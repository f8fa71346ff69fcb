//! Errors about columns. The options that they suggest work as printed.

use producer::cli::Failure;

use super::raw_row::Field;

/// The columns of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Columns<'a> {
    /// Columns of a header, in order. A position can name a column.
    Header(&'a [String]),
    /// Keys of JSON objects, without an order.
    Keys(&'a [String]),
}

impl<'a> Columns<'a> {
    pub(super) fn titles(self) -> &'a [String] {
        match self {
            Self::Header(titles) | Self::Keys(titles) => titles,
        }
    }

    pub(super) fn have_positions(self) -> bool {
        matches!(self, Self::Header(_))
    }

    /// The name of the column for an option. None for a key that must not be shown.
    fn name(self, at: usize) -> Option<String> {
        match self {
            Self::Header(_) => Some(format!("#{}", at + 1)),
            Self::Keys(_) => self.titles().get(at).filter(|key| is_name(key)).cloned(),
        }
    }

    /// The column in an error.
    fn shown(self, at: usize) -> String {
        let title = self.titles().get(at).map_or("", String::as_str);
        match self {
            Self::Header(_) if title.trim().is_empty() => format!("#{} (no name)", at + 1),
            Self::Header(_) if !is_name(title) => format!("#{} (not a name)", at + 1),
            _ => quoted(title),
        }
    }
}

/// No column holds `field`.
pub(super) fn missing(field: Field) -> Failure {
    let names = field.names().join("`, `");
    Failure::usage(format!(
        "no column is known to hold the {}: call it one of `{names}`, or say which it is with --map {}=COLUMN. The \
         first line must name the columns",
        field.names()[0],
        field.names()[0]
    ))
}

/// Several columns hold `field`.
pub(super) fn ambiguous(field: Field, columns: Columns<'_>, holding: &[usize]) -> Failure {
    let field = field.names()[0];
    let count = if holding.len() == 2 { "two".to_owned() } else { holding.len().to_string() };
    let listed: Vec<String> = holding
        .iter()
        .map(|at| match columns {
            Columns::Header(_) => format!("#{} {}", at + 1, columns.shown(*at)),
            Columns::Keys(_) => columns.shown(*at),
        })
        .collect();
    let name = |at: &usize| columns.name(*at).unwrap_or_else(|| "COLUMN".to_owned());
    let mut options = Vec::new();
    if let Some((first, others)) = holding.split_first() {
        options.push(format!("--map {}", shell_quoted(&format!("{field}={}", name(first)))));
        options.extend(others.iter().map(|at| format!("--ignore {}", shell_quoted(&name(at)))));
    }
    Failure::usage(format!(
        "{count} columns could be the {field}: {}. Say which it is and leave the others out. If it is the first: {}",
        listed.join(", "),
        options.join(" ")
    ))
}

/// Columns that hold no known field.
pub(super) fn not_known(columns: Columns<'_>, unknown: &[usize]) -> Failure {
    let shown: Vec<String> = unknown.iter().map(|at| columns.shown(*at)).collect();
    Failure::usage(format!(
        "unknown columns: {}. Name their field with --map FIELD=COLUMN (fields: {}), or leave them out with \
         --ignore COLUMN",
        shown.join(", "),
        Field::list()
    ))
}

/// Columns without a title that hold something, each with the first line in which it does.
pub(super) fn nameless(holding: &[(usize, u64)]) -> Failure {
    let shown: Vec<String> =
        holding.iter().map(|(at, line)| format!("#{} (first in line {line})", at + 1)).collect();
    let options: Vec<String> = holding.iter().map(|(at, _)| format!("--ignore '#{}'", at + 1)).collect();
    Failure::usage(format!(
        "columns without a name hold something: {}. Name them in the header, or leave them out with {}",
        shown.join(", "),
        options.join(" ")
    ))
}

/// A name of the command line matches no column.
pub(super) fn no_column(name: &str, columns: Columns<'_>) -> Failure {
    let all: Vec<String> = (0..columns.titles().len()).map(|at| columns.shown(at)).collect();
    Failure::usage(format!("the file has no column `{name}`; it has {}", all.join(", ")))
}

/// A title in quotes. A title that may be personal data is not shown.
fn quoted(title: &str) -> String {
    if is_name(title) { format!("`{}`", title.trim().escape_debug()) } else { "(not a name)".to_owned() }
}

/// Whether the text looks like a title. A file without a header has the data of a user in its first line.
fn is_name(title: &str) -> bool {
    const LONGEST: usize = 40;
    title.chars().filter(|c| c.is_numeric()).count() <= 4 && title.chars().count() <= LONGEST
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_can_be_typed_as_they_are_printed() {
        let header = ["id", "phone", "Phone"].map(str::to_owned);
        let text = ambiguous(Field::Phone, Columns::Header(&header), &[1, 2]).to_string();
        assert!(text.ends_with("--map 'phone=#2' --ignore '#3'"), "{text}");
        let keys = ["phone", "mother's phone", "9841000001"].map(str::to_owned);
        let text = ambiguous(Field::Phone, Columns::Keys(&keys), &[0, 1, 2]).to_string();
        assert!(text.contains("3 columns") && !text.contains("984"), "{text}");
        assert!(
            text.ends_with(r"--map 'phone=phone' --ignore 'mother'\''s phone' --ignore 'COLUMN'"),
            "{text}"
        );
    }
}
