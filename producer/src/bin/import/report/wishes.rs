//! What became of what the rows say about messages.

use std::fmt::{self, Write as _};

use serde::Serialize;
use shared::consent::{
    doors::Effect,
    imported::{Effects, Grant},
};

use crate::doors::WishRow;

/// The counts of rows that say something about messages. Rows of users erased after the data was taken are not among them.
#[derive(Debug, Default, Serialize)]
pub(crate) struct WishCounts {
    opted_out: OptedOut,
    losses: Losses,
    wrong_numbers: WrongNumbers,
    consents: Consents,
}

/// Users who opted out at the source.
#[derive(Debug, Default, Serialize)]
struct OptedOut {
    rows: u64,
    /// Numbers that were not on the list before.
    suppressed: u64,
    no_number: u64,
}

#[derive(Debug, Default, Serialize)]
struct Losses {
    rows: u64,
    /// Rows with a loss that was not known.
    new: u64,
}

#[derive(Debug, Default, Serialize)]
struct WrongNumbers {
    rows: u64,
    /// Rows with a number that was not known as wrong.
    new: u64,
    no_number: u64,
}

/// Consents, each a purpose and a channel. They add up.
#[derive(Debug, Default, Serialize)]
struct Consents {
    rows: u64,
    granted: u64,
    /// The ledger said so already.
    known: u64,
    /// A withdrawal that is as new or newer outweighs them.
    outweighed: u64,
    /// A stop or a loss holds: they are not in the ledger.
    held: u64,
}

impl WishCounts {
    /// Counts a row. `number`: it has one that can be read, or the user has one.
    pub(crate) fn count(&mut self, row: &WishRow, number: bool, effects: &Effects) {
        let done = |effect| u64::from(effect == Effect::Done);
        if row.wishes.opted_out {
            self.opted_out.rows += 1;
            self.opted_out.suppressed += done(effects.stop) * u64::from(number);
            self.opted_out.no_number += u64::from(!number);
        }
        if row.wishes.loss {
            self.losses.rows += 1;
            self.losses.new += done(effects.loss);
        }
        if row.wishes.wrong_number {
            self.wrong_numbers.rows += 1;
            self.wrong_numbers.new += done(effects.wrong_number);
            self.wrong_numbers.no_number += u64::from(!number);
        }
        let consents = &mut self.consents;
        consents.rows += u64::from(!row.wishes.consents.is_empty());
        // Those of a household with a loss were not asked about.
        consents.held += (row.wishes.consents.len() - effects.grants.len()) as u64;
        for grant in &effects.grants {
            *match grant {
                Grant::Granted => &mut consents.granted,
                Grant::Known => &mut consents.known,
                Grant::Outweighed => &mut consents.outweighed,
                Grant::Held => &mut consents.held,
            } += 1;
        }
    }

    /// Writes a line for each kind of row that was read.
    pub(super) fn write(&self, dry_run: bool, text: &mut String) -> fmt::Result {
        let Self { opted_out, losses, wrong_numbers, consents } = self;
        let newly = if dry_run { "would be newly" } else { "newly" };
        if opted_out.rows > 0 {
            let OptedOut { rows, suppressed, no_number } = opted_out;
            let suppressed =
                format!("{suppressed} numbers newly {}suppressed", if dry_run { "would be " } else { "" });
            writeln!(text, "Opted out: {rows} rows, {suppressed}, {no_number} without a readable number")?;
        }
        if losses.rows > 0 {
            writeln!(text, "Losses: {} rows, {} {newly} reported", losses.rows, losses.new)?;
        }
        if wrong_numbers.rows > 0 {
            let WrongNumbers { rows, new, no_number } = wrong_numbers;
            writeln!(
                text,
                "Wrong numbers: {rows} rows, {new} {newly} rejected, {no_number} without a readable number"
            )?;
        }
        if consents.rows > 0 {
            let Consents { rows, granted, known, outweighed, held } = consents;
            writeln!(
                text,
                "Consents: {rows} rows, {granted} {newly} granted, {known} known, {outweighed} outweighed by a \
                 withdrawal, {held} refused after a stop"
            )?;
        }
        Ok(())
    }
}

/// Why a row needs attention, and what to do about it.
pub(crate) fn hint(row: &WishRow, number: bool, effects: &Effects) -> Option<(&'static str, &'static str)> {
    let held = effects.grants.len() < row.wishes.consents.len() || effects.grants.contains(&Grant::Held);
    if row.wishes.wrong_number && !number {
        Some(("wrong_number_no_number", "give the number that is wrong: the row has none that can be read"))
    } else if row.wishes.opted_out && !number {
        Some((
            "opted_out_no_number",
            "correct the number: the user is stopped, and the number is once it can be read",
        ))
    } else if held {
        Some((
            "stopped",
            "nothing: messages to the user were stopped, and no import grants them again; if the user asks for them, \
             use `worker consent grant`",
        ))
    } else if effects.grants.contains(&Grant::Outweighed) {
        Some(("withdrawn", "nothing: the user withdrew the consent at the time of the data or later"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wishes::Wishes;

    #[test]
    fn the_text_says_each_kind_and_whether_it_is_done() {
        let consents = vec![(shared::domain::Purpose::Tips, shared::domain::ConsentChannel::Any); 4];
        let row = WishRow {
            line: 2,
            user_id: None,
            phone_raw: String::new(),
            country_hint: None,
            wishes: Wishes { opted_out: true, loss: true, wrong_number: true, consents },
            record: None,
            household_loss: None,
        };
        let effects = Effects {
            stop: Effect::Done,
            loss: Effect::Done,
            grants: vec![Grant::Granted, Grant::Known, Grant::Outweighed],
            ..Effects::default()
        };
        let mut counts = WishCounts::default();
        counts.count(&row, true, &effects);
        let (mut real, mut dry) = (String::new(), String::new());
        counts.write(false, &mut real).unwrap();
        counts.write(true, &mut dry).unwrap();
        assert_eq!(
            real,
            "Opted out: 1 rows, 1 numbers newly suppressed, 0 without a readable number\n\
             Losses: 1 rows, 1 newly reported\n\
             Wrong numbers: 1 rows, 0 newly rejected, 0 without a readable number\n\
             Consents: 1 rows, 1 newly granted, 1 known, 1 outweighed by a withdrawal, 1 refused after a stop\n"
        );
        assert!(
            dry.contains("1 would be newly reported") && dry.contains("1 would be newly granted"),
            "{dry}"
        );
        assert_eq!(hint(&row, true, &effects).map(|(reason, _)| reason), Some("stopped"));
    }
}
