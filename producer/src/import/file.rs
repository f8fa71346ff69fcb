//! Users in a file: read twice, first checked, then stored.

mod advice;
mod cells;
mod check;
mod csv_rows;
mod encoding;
mod field;
mod found;
mod ids;
mod json_rows;
mod layout;
mod moment;
mod problem;
mod row;
mod row_report;
mod rows;
mod run;
mod source;
mod spreadsheet;

pub(crate) use layout::{Assignment, Mapping};
pub(crate) use problem::Problem;
pub(crate) use rows::Format;
pub(crate) use run::run;
