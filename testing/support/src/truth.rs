//! The expected data of the sample portal's users, by another implementation of the numbering plan.

use std::collections::HashSet;

/// One user of the sample portal.
#[derive(Debug, Clone)]
pub struct Truth {
    /// The portal's id.
    pub user_id: &'static str,
    /// The kind of user.
    pub kind: &'static str,
    /// Whether the portal has the user as active.
    pub active: bool,
    /// Whether there is any text in place of a number.
    pub has_phone: bool,
    /// The number, if it is valid.
    pub e164: Option<&'static str>,
    /// As libphonenumber names it.
    pub line_type: &'static str,
}

impl Truth {
    /// All users of the sample portal.
    pub fn all() -> Vec<Truth> {
        let lines = include_str!("../data/truth.tsv").lines().skip_while(|l| l.starts_with('#')).skip(1);
        lines.map(Truth::of).collect()
    }

    fn of(line: &'static str) -> Truth {
        let cells: Vec<&str> = line.split('\t').collect();
        let [user_id, kind, active, has_phone, valid, e164, line_type] = cells[..] else {
            panic!("{line:?}")
        };
        Truth {
            user_id,
            kind,
            active: active == "1",
            has_phone: has_phone == "1",
            e164: (valid == "1").then_some(e164),
            line_type,
        }
    }

    /// Whether the user can be texted.
    pub fn textable(&self) -> bool {
        matches!(self.line_type, "MOBILE" | "FIXED_LINE_OR_MOBILE")
    }
}

/// The numbers that get one message each.
pub fn textable_numbers(truth: &[Truth]) -> HashSet<&'static str> {
    truth.iter().filter(|t| t.active && t.textable()).filter_map(|t| t.e164).collect()
}
