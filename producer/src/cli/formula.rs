//! Texts that a spreadsheet wrote as formulas, so that it would not read them as numbers.

use std::borrow::Cow;

/// `1042` of `="1042"`, and any other cell unchanged. A formula that is more than one text stays as it is.
pub fn text(cell: &str) -> Cow<'_, str> {
    match inner(cell) {
        Some(inner) if inner.contains('"') => Cow::Owned(inner.replace("\"\"", "\"")),
        Some(inner) => Cow::Borrowed(inner),
        None => Cow::Borrowed(cell),
    }
}

/// The same for an owned cell.
pub fn owned_text(cell: String) -> String {
    match text(&cell) {
        Cow::Borrowed(inner) if inner.len() < cell.len() => inner.to_owned(),
        Cow::Borrowed(_) => cell,
        Cow::Owned(inner) => inner,
    }
}

fn inner(cell: &str) -> Option<&str> {
    let formula = cell.trim().strip_prefix('=')?.trim_start();
    let inner = formula.strip_prefix('"')?.strip_suffix('"')?;
    // In a text of a formula a quote is written twice.
    (!inner.replace("\"\"", "").contains('"')).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_formula_is_read() {
        for (cell, expected) in [
            ("=\"1042\"", "1042"),
            (" = \"0984\" ", "0984"),
            ("=\"\"", ""),
            ("=\"a \"\"b\"\"\"", "a \"b\""),
            ("1042", "1042"),
            (" 1042 ", " 1042 "),
            ("=1042", "=1042"),
            ("=\"", "=\""),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
            ("\"1042\"", "\"1042\""),
            ("", ""),
        ] {
            assert_eq!(text(cell), expected, "{cell}");
            assert_eq!(owned_text(cell.to_owned()), expected, "{cell}");
        }
    }
}
