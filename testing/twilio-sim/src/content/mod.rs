//! Content templates and their approval for WhatsApp (Twilio Content API, v1 and v2).

mod api;
mod approval;
mod draft;
mod language;
mod list;
mod model;
mod registry;
mod template;
mod variables;
mod view;

pub(crate) use api::{approval, create, delete, fetch, submit, update};
pub(crate) use approval::ApprovalOrder;
pub(crate) use draft::ContentDraft;
pub(crate) use list::list;
pub(crate) use model::{Content, ContentChange};
pub(crate) use registry::Contents;
pub(crate) use template::{can_begin, render, text, whatsapp_type};
pub(crate) use variables::Variables;
pub(crate) use view::with_approval;
