//! Numbers for made-up users.

/// A valid Nepali mobile number, E.164. With a simulator that has suffix faults on, stay below 9000 or take a
/// number from its table.
pub fn number(n: u32) -> String {
    assert!(n < 100_000, "only 100,000 numbers are made up");
    format!("+97798412{n:05}")
}
