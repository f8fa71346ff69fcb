//! The open conversations, the most urgent first, without texts and numbers.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use chrono::SecondsFormat;
use shared::domain::Channel;

use super::{After, Order, Paging, limit};
use crate::{
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
    },
    store::{
        inbox_pages::{self, Cursor, ListedTalk},
        reply_windows::WINDOW_MARGIN,
    },
};

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    view: PageContext,
    /// Whether people can write to us.
    on: bool,
    rows: Vec<ListedTalk>,
    paging: Paging,
}

impl Inbox {
    /// How long free text may be sent. None: WhatsApp takes templates alone.
    fn left(&self, row: &ListedTalk) -> Option<String> {
        if row.channel == Channel::Sms.as_str() {
            return Some(self.view.t.any_time.to_owned());
        }
        self.view.left(&(row.window_open_until? - WINDOW_MARGIN))
    }
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Failure> {
    let after = query?.0.after.as_deref().and_then(cursor);
    let mut rows = inbox_pages::page(admin.pool(), after, limit()).await?;
    let paging = Paging::cut("/inbox", after.is_some(), &mut rows, |row| format!("after={}", place(row)))
        .ordered(Order::OldestFirst);
    let on = admin.context.keys.is_some();
    page(&Inbox { view, on, rows, paging })
}

/// `URGENCY~ANSWERED~TIME~ID`, which a query holds as it is.
fn place(row: &ListedTalk) -> String {
    let at = row.waits_since.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("{}~{}~{at}~{}", row.urgency, row.answered_at.is_some(), row.conversation_id)
}

fn cursor(text: &str) -> Option<Cursor> {
    let mut parts = text.splitn(4, '~');
    let mut next = || parts.next();
    Some(Cursor {
        urgency: next()?.parse().ok()?,
        answered: next()?.parse().ok()?,
        waits_since: next()?.parse().ok()?,
        conversation_id: next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let waits_since = "2026-11-25T10:00:00.123456Z".parse().unwrap();
        let row = ListedTalk {
            conversation_id: Uuid::now_v7(),
            user_id: None,
            channel: "whatsapp".to_owned(),
            class: "danger".to_owned(),
            urgency: 2,
            waits_since,
            answered_at: Some(waits_since),
            taken_by: None,
            window_open_until: None,
        };
        let conversation_id = row.conversation_id;
        let read = Cursor { urgency: 2, answered: true, waits_since, conversation_id };
        assert_eq!(cursor(&place(&row)), Some(read));
        for bad in ["", "2", "2~true~yesterday~1", "2~true~2026-11-25T10:00:00Z~\0"] {
            assert_eq!(cursor(bad), None, "{bad:?}");
        }
    }
}
