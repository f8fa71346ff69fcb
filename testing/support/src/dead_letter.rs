//! A row of the table of dead letters.

use sqlx::FromRow;

/// A delivery that was kept for an operator.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DeadLetter {
    /// One word.
    pub reason: String,
    /// Describes the fault.
    pub detail: String,
    /// As delivered.
    pub body: Vec<u8>,
    /// How often it was delivered.
    pub seen: i32,
}

impl DeadLetter {
    pub(crate) const SELECT: &str = "SELECT reason, detail, body, seen FROM dead_letters ORDER BY id";
}
