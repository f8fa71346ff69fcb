//! What staff do with a conversation: read it, take it, answer, link it to a user, close it. Command line and dashboard share it.
//! Every act is in the audit log.

mod acts;
mod answer;
mod desk;
mod error;
mod file_type;
mod lines;
mod media;

pub(crate) use acts::{Staff, close, link, take};
pub(crate) use answer::{LONGEST_ANSWER, Say};
pub(crate) use desk::{Desk, outline};
pub(crate) use error::CareError;
pub(crate) use lines::{Direction, Line};
pub(crate) use media::{FileError, FileOf, OpenFile, open_file};

#[cfg(test)]
mod tests;
