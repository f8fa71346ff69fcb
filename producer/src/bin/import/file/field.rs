//! What a column of a file can hold.

/// A field of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Id,
    Phone,
    Kind,
    Language,
    Name,
    DueDate,
    ChildBirthDate,
    SignedUpAt,
    Active,
    OptedOut,
}

impl Field {
    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 10] = [
        Self::Id,
        Self::Phone,
        Self::Kind,
        Self::Language,
        Self::Name,
        Self::DueDate,
        Self::ChildBirthDate,
        Self::SignedUpAt,
        Self::Active,
        Self::OptedOut,
    ];

    /// The names by which a column is recognised; the first is the one for `--map`.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "user_id"],
            Self::Phone => &["phone", "phone_number", "mobile", "mobile_number"],
            Self::Kind => &["kind", "user_kind"],
            Self::Language => &["language", "preferred_language"],
            Self::Name => &["name", "display_name", "full_name"],
            Self::DueDate => &["due_date"],
            Self::ChildBirthDate => &["child_birth_date"],
            Self::SignedUpAt => &["signed_up_at", "date_joined"],
            Self::Active => &["active", "is_active"],
            Self::OptedOut => &["opted_out", "opt_out"],
        }
    }

    /// The field that a column of this name holds.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let name = name.trim().replace([' ', '-'], "_");
        Self::ALL.into_iter().find(|field| field.names().iter().any(|n| n.eq_ignore_ascii_case(&name)))
    }

    /// Every name for `--map`, for a text.
    pub(crate) fn list() -> String {
        Self::ALL.map(|field| field.names()[0]).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_recognised() {
        assert_eq!(Field::of(" Phone Number"), Some(Field::Phone));
        assert_eq!(Field::of("IS_ACTIVE"), Some(Field::Active));
        assert_eq!(Field::of("opted-out"), Some(Field::OptedOut));
        assert_eq!(Field::of("medical_history"), None);
        for (number, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!((field as usize, Field::of(field.names()[0])), (number, Some(field)));
        }
    }
}
