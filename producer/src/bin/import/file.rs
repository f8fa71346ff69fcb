//! Users in a file: read twice, first checked, then stored.

mod advice;
mod cells;
mod check;
mod csv_rows;
mod field;
mod found;
mod ids;
mod json_rows;
mod layout;
mod mapping;
mod problem;
mod row;
mod row_report;
mod rows;
mod run;
mod source;
mod spreadsheet;
mod wording;

pub(crate) use mapping::{Assignments, Mapping};
pub(crate) use problem::Problem;
pub(crate) use rows::Format;
pub(crate) use run::run;
pub(crate) use spreadsheet::damaged;
