//! HTTP: accept loop, connections that can be cut, routes and answers.

mod accept;
mod dispatch;
mod reply;
mod route;
mod socket;

pub(crate) use accept::accept;
pub(crate) use reply::Reply;
#[cfg(test)]
pub(crate) use route::Resource;
pub(crate) use route::{Call, ContentList};
