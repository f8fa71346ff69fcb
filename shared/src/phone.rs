//! Placeholder until the phone module lands.
/// Placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unusable {
    /// e
    Empty,
}
impl Unusable {
    /// all
    pub const ALL: [Unusable; 1] = [Unusable::Empty];
    /// word
    pub fn as_str(self) -> &'static str {
        "empty"
    }
}
