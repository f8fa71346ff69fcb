//! Messages of people to the account: they are stored, and the application's webhook is called.

mod batch;
mod check;
mod create;
mod deliver;
mod form;
mod order;
mod received;
mod twiml;

pub(crate) use batch::Batch;
pub(crate) use check::check;
pub(crate) use create::{Job, create};
pub(crate) use deliver::deliver;
pub(crate) use received::{Media, Received};
