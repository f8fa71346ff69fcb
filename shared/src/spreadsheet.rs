//! Cells of CSV files that a person may open in a spreadsheet.

use std::borrow::Cow;

/// The cell, with a leading apostrophe if a spreadsheet would run it as a formula (OWASP, CSV Injection).
pub fn inert(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_text() {
        for cell in ["=1+1", "+7", "-7", "@x", "\t=1", "\r=1", "\n=1", "＝1+1"] {
            assert_eq!(inert(cell), format!("'{cell}"));
        }
        for cell in ["7", "a=b", "", "'=1"] {
            assert_eq!(inert(cell), cell);
        }
    }
}
