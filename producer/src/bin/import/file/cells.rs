//! What one record of a file says, field by field, before anything is read into it.

use producer::cli::formula;

use super::field::Field;

/// The cells of a record. Blank ones count as missing; `="1042"` is the text `1042`.
#[derive(Default)]
pub(super) struct Cells([Option<String>; Field::ALL.len()]);

impl Cells {
    pub(super) fn set(&mut self, field: Field, text: String) {
        let text = formula::owned_text(text);
        self.0[field as usize] = Some(text).filter(|text| !text.trim().is_empty());
    }

    /// As it stands.
    pub(super) fn take(&mut self, field: Field) -> Option<String> {
        self.0[field as usize].take()
    }

    /// Without the blanks around it.
    pub(super) fn trimmed(&self, field: Field) -> Option<&str> {
        self.0[field as usize].as_deref().map(str::trim)
    }
}
