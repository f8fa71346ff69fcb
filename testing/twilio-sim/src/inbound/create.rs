//! A checked order becomes a message of the account.

use std::sync::Arc;

use super::check::Checked;
use super::form::{Facts, Fields, fields, segment_count, text};
use super::order::{MediaOrder, Order};
use super::received::{Media, Received};
use crate::app::App;
use crate::callbacks::Target;
use crate::channel::Channel;
use crate::messages::user_id;
use crate::random::Random;

/// A message whose webhook is to be called.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) received: Arc<Received>,
    pub(super) order: Order,
    pub(super) target: Target,
    pub(super) fields: Fields,
    /// `I-Twilio-Idempotency-Token`, the same on every try and copy.
    pub(super) token: String,
}

/// Stores the message and, on WhatsApp, opens the person's window. Returns the webhook to be called, if there is one.
/// `base` is the simulator's URL, for files without one of their own.
pub(crate) fn create(app: &App, checked: Checked, base: &str) -> (Arc<Received>, Option<Job>) {
    let Checked { order, sid, target, country } = checked;
    let now_ms = app.clock.now_ms();
    let sid = sid.unwrap_or_else(|| {
        // The letters are those of media messages.
        if order.media.is_empty() { app.sids.message() } else { app.sids.template_message() }
    });
    let mut received =
        Received::new(sid, order.from.clone(), order.to.clone(), text(&order).to_owned(), now_ms);
    received.service.clone_from(&order.messaging_service_sid);
    received.segments = segment_count(&order);
    let file = |media: &MediaOrder| Media {
        sid: app.sids.other("ME"),
        content_type: media.content_type.clone(),
        bytes: media.bytes().unwrap_or_default().into(),
    };
    received.media = order.media.iter().map(file).collect();
    let received = app.ledger.receive(received);

    let user_id = order.external_user_id.clone().unwrap_or_else(|| user_id(&order.from, &country));
    if Channel::of(&order.from) == Channel::WhatsApp {
        app.whatsapp.windows.received(&order.to, &order.from, &user_id, now_ms);
    }
    let job = target.map(|target| {
        let sid = sid.to_string();
        let media_urls = media_urls(app, &order, &received, base);
        let facts = Facts {
            sid: &sid,
            account_sid: order.account_sid.as_deref().unwrap_or(&app.options.account_sid),
            user_id: &user_id,
            media_urls: &media_urls,
        };
        let fields = fields(&order, &facts);
        Job { received: Arc::clone(&received), target, fields, token: token(&app.random), order }
    });
    (received, job)
}

fn media_urls(app: &App, order: &Order, received: &Received, base: &str) -> Vec<String> {
    let own = |media: &Media| {
        let account = &app.options.account_sid;
        format!("{base}/2010-04-01/Accounts/{account}/Messages/{}/Media/{}", received.sid, media.sid)
    };
    let pairs = order.media.iter().zip(&received.media);
    pairs.map(|(given, media)| given.url.clone().unwrap_or_else(|| own(media))).collect()
}

fn token(random: &Random) -> String {
    let bits = (u128::from(random.next()) << 64) | u128::from(random.next());
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
}
