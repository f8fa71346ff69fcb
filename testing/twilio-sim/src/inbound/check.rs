//! Checks an order. People, not API calls, create inbound messages at Twilio, so the errors are the simulator's own.

use super::form::text;
use super::order::Order;
use crate::app::App;
use crate::callbacks::Target;
use crate::channel::{Channel, person};
use crate::recipient::{Recipient, is_user_id};
use crate::sid::MessageSid;

/// Most files of a message. Twilio sends ten; one more shows what the application does then.
const MAX_MEDIA: usize = 11;
/// More than any channel takes, so that the application can be shown a file that is too large.
const MAX_MEDIA_SIZE: usize = 64 << 20;
const MAX_COPIES: u16 = 1000;
const MAX_RETRIES: u32 = 5;

/// An order that can be carried out.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(super) order: Order,
    /// The SID that the order gives.
    pub(crate) sid: Option<MessageSid>,
    /// The webhook, if it is called.
    pub(super) target: Option<Target>,
    /// ISO 3166 alpha-2 of the person, empty if not known.
    pub(super) country: String,
}

/// The error is a sentence that begins with the name of the field.
pub(crate) fn check(app: &App, order: Order) -> Result<Checked, String> {
    check_addresses(app, &order)?;
    check_content(&order)?;
    if !(1..=MAX_COPIES).contains(&order.copies) {
        return Err(format!("copies: 1 to {MAX_COPIES}"));
    }
    if order.retries.is_some_and(|retries| retries > MAX_RETRIES) {
        return Err(format!("retries: 0 to {MAX_RETRIES}"));
    }
    let sid = order.sid.as_deref().map(|sid| new_sid(app, sid)).transpose()?;
    let target = if order.deliver { Some(target(app, &order)?) } else { None };
    let country = match Recipient::parse(&order.from) {
        Recipient::Number(person) => person.country,
        Recipient::ShortCode | Recipient::Invalid => String::new(),
    };
    Ok(Checked { order, sid, target, country })
}

fn check_addresses(app: &App, order: &Order) -> Result<(), String> {
    let channel = Channel::of(&order.to);
    let ours = match channel {
        Channel::Sms => app.senders.all().contains(&order.to),
        Channel::WhatsApp => app.whatsapp.senders.by_address(&order.to).is_some(),
    };
    if !ours {
        return Err(format!("to: {} is no sender of the account", order.to));
    }
    if !person(&order.to).starts_with('+') {
        return Err(format!("to: {} is alphanumeric and receives nothing", order.to));
    }
    if Channel::of(&order.from) != channel {
        return Err("from: not of the same channel as the sender".to_owned());
    }
    let id = person(&order.from);
    let valid = match channel {
        Channel::Sms => is_number(id) || is_short_code(id),
        Channel::WhatsApp => is_number(id) || is_user_id(id),
    };
    if !valid {
        return Err(format!("from: {} is neither a number with + nor a user id of WhatsApp", order.from));
    }
    if order.messaging_service_sid.as_ref().is_some_and(|sid| !app.senders.has_service(sid)) {
        return Err("messaging_service_sid: no service of the account".to_owned());
    }
    Ok(())
}

fn check_content(order: &Order) -> Result<(), String> {
    if order.media.len() > MAX_MEDIA {
        return Err(format!("media: at most {MAX_MEDIA} files"));
    }
    if order.media.iter().any(|media| media.content_type.parse::<hyper::header::HeaderValue>().is_err()) {
        return Err("media: a content type has forbidden characters".to_owned());
    }
    if order.media.iter().any(|media| media.size > MAX_MEDIA_SIZE || media.bytes().is_none()) {
        return Err(format!("media: data is base64, and a file has at most {MAX_MEDIA_SIZE} bytes"));
    }
    if Channel::of(&order.from) == Channel::Sms {
        let only_whatsapp = [
            ("button", order.button.is_some()),
            ("list", order.list.is_some()),
            ("location", order.location.is_some()),
            ("reaction", order.reaction.is_some()),
            ("replied_sid", order.replied_sid.is_some()),
            ("message_type", order.message_type.is_some()),
            ("profile_name", order.profile_name.is_some()),
            ("wa_id", order.wa_id.is_some()),
            ("external_user_id", order.external_user_id.is_some()),
        ];
        if let Some((name, _)) = only_whatsapp.iter().find(|(_, given)| *given) {
            return Err(format!("{name}: only on WhatsApp"));
        }
    }
    let empty = text(order).is_empty() && order.media.is_empty() && order.location.is_none();
    if empty && order.body.is_none() {
        return Err("body: missing (an empty text is given as \"\")".to_owned());
    }
    Ok(())
}

/// The SID of a message that does not exist yet.
fn new_sid(app: &App, text: &str) -> Result<MessageSid, String> {
    let sid = MessageSid::parse(text).ok_or("sid: expected SM or MM and 32 hex digits")?;
    if app.ledger.position(sid).is_some() {
        return Err(format!("sid: {text} exists already"));
    }
    Ok(sid)
}

fn target(app: &App, order: &Order) -> Result<Target, String> {
    let url = match &order.url {
        Some(url) => url.clone(),
        None => app
            .whatsapp
            .senders
            .by_address(&order.to)
            .and_then(|sender| sender.callback_url.clone())
            .ok_or("url: missing, and the sender has no callback_url")?,
    };
    let target = Target::parse(&url).ok_or("url: expected an absolute http(s) URL")?;
    if !target.is_loopback() {
        return Err("url: only loopback hosts are called".to_owned());
    }
    Ok(target.signed_as(order.signed_url.as_deref()).retried(order.retries))
}

/// E.164, whether or not the numbering plan has it.
fn is_number(id: &str) -> bool {
    id.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && !digits.starts_with('0') && is_digits(digits)
    })
}

fn is_short_code(id: &str) -> bool {
    (3..=6).contains(&id.len()) && is_digits(id)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::options::Options;

    const URL: &str = "http://127.0.0.1:9/inbound";

    fn error(more: Value) -> Option<String> {
        let mut order = json!({"url": URL, "from": "whatsapp:+9779841234567", "to": "whatsapp:+14155238886",
            "body": "x"});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        order.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let app = App::new(Options::default()).unwrap();
        check(&app, serde_json::from_value(order).unwrap()).err()
    }

    fn names(more: Value, field: &str) {
        let error = error(more);
        assert!(error.as_ref().is_some_and(|error| error.starts_with(&format!("{field}: "))), "{error:?}");
    }

    #[test]
    fn addresses() {
        assert_eq!(error(json!({})), None);
        assert_eq!(error(json!({"from": "whatsapp:NP.1234567890"})), None);
        assert_eq!(error(json!({"from": "+9779841234567", "to": "+15005550006"})), None);
        assert_eq!(error(json!({"from": "32665", "to": "+15005550006"})), None);
        for to in ["whatsapp:+14155238887", "+15005550007", "AAMCARE", ""] {
            names(json!({"from": "+9779841234567", "to": to}), "to");
        }
        for from in ["+9779841234567", "whatsapp:9841234567", "whatsapp:NP.", "whatsapp:+0977984", ""] {
            names(json!({ "from": from }), "from");
        }
    }

    #[test]
    fn contents() {
        let files = |count| vec![json!({"content_type": "image/png"}); count];
        assert_eq!(error(json!({"media": files(11), "body": null})), None);
        names(json!({"media": files(12)}), "media");
        names(json!({"media": [{"content_type": "a\nb"}]}), "media");
        names(json!({"media": [{"content_type": "image/png", "data": "no base64"}]}), "media");
        names(json!({"media": [{"content_type": "image/png", "size": 64 * 1024 * 1024 + 1}]}), "media");
        names(json!({ "body": null }), "body");
        assert_eq!(error(json!({"body": ""})), None);
        let sms = json!({"from": "+9779841234567", "to": "+15005550006", "wa_id": "1"});
        names(sms, "wa_id");
    }

    #[test]
    fn deliveries() {
        for url in ["nonsense", "https://sms.example.com/inbound"] {
            names(json!({ "url": url }), "url");
        }
        names(json!({ "url": null }), "url");
        assert_eq!(error(json!({"url": null, "deliver": false})), None);
        names(json!({"copies": 0}), "copies");
        names(json!({"retries": 6}), "retries");
        names(json!({"sid": "SM1"}), "sid");
        names(json!({"messaging_service_sid": "MG1"}), "messaging_service_sid");
    }
}
