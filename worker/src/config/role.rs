//! The roles of people who sign in, and what each of them may do.

/// The role of an account: what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Role {
    /// Look.
    Viewer,
    /// Look, pause, resume, replay, settle, stop messages.
    Operator,
    /// Look, read and answer what people write, stop messages, enter losses and dates.
    Care,
}

/// Something that not every role may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Pause and resume lanes.
    Pause,
    /// Publish a dead letter again.
    Replay,
    /// Settle unknown outcomes.
    Settle,
    /// Open and close tasks. An open task shows whom it is about.
    Tasks,
    /// Enter stops and wrong numbers, and take them back.
    Stop,
    /// Enter a loss, and take it back.
    Loss,
    /// Enter the due date or the birth of a child.
    Dates,
    /// See what people write, and how it was understood.
    Reveal,
    /// Answer, take and close conversations.
    Answer,
}

impl Act {
    /// The roles that may do it. Nothing else decides about permissions.
    pub(crate) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Pause | Self::Replay | Self::Settle => &[Role::Operator],
            Self::Tasks | Self::Stop => &[Role::Operator, Role::Care],
            Self::Loss | Self::Dates | Self::Reveal | Self::Answer => &[Role::Care],
        }
    }
}

impl Role {
    const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Care];

    /// The role's name in the accounts file.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Care => "care",
        }
    }

    /// The role with this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether the role may do it. Everybody may look.
    pub(crate) fn may(self, act: Act) -> bool {
        act.roles().contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_table_says_and_nothing_else() {
        let table = [
            (Act::Pause, [false, true, false]),
            (Act::Replay, [false, true, false]),
            (Act::Settle, [false, true, false]),
            (Act::Tasks, [false, true, true]),
            (Act::Stop, [false, true, true]),
            (Act::Loss, [false, false, true]),
            (Act::Dates, [false, false, true]),
            (Act::Reveal, [false, false, true]),
            (Act::Answer, [false, false, true]),
        ];
        for (act, expected) in table {
            assert_eq!(
                [Role::Viewer, Role::Operator, Role::Care].map(|role| role.may(act)),
                expected,
                "{act:?}"
            );
        }
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
