//! By which channel a welcome goes, and what it says there. The choice is the shared one; here is what it asks.

use std::sync::Arc;

use shared::{
    consent::welcome,
    domain::{
        Channel, MessageKind,
        channel_choice::{Access, Choice, Obstacle, WhatsappRecipient, choose, whatsapp_access},
        decision::Wait,
    },
    lane::QueueLane,
    phone::E164,
    templates::{self, Field, Fields, Language, Slot, Wording},
};

use super::{context::Pipeline, outcome::Interrupted};
use crate::{
    facts::Facts,
    store::stored_state::{StateRows, WhatsappRow},
    templates::Template,
    throttle::Destination,
};

/// How a welcome goes.
pub(super) struct Route {
    pub(super) channel: Channel,
    pub(super) wording: RouteWording,
}

/// What it says.
pub(super) enum RouteWording {
    /// A text of the catalogue.
    Catalogue(&'static Wording),
    /// One of this number alone.
    Own(Box<Wording>),
}

impl RouteWording {
    pub(super) fn get(&self) -> &Wording {
        match self {
            Self::Catalogue(wording) => wording,
            Self::Own(wording) => wording,
        }
    }
}

/// The choice where there is none: nothing is asked for it.
pub(super) fn only_channel(pipeline: &Pipeline) -> Option<Choice> {
    let only_sms = pipeline.routes.listed(MessageKind::Welcome) == [Channel::Sms];
    (only_sms && !pipeline.waits.rules.consent_required).then_some(Choice::Send(Channel::Sms))
}

/// Chooses the channel of a welcome that could be sent.
pub(super) async fn choose_channel(
    pipeline: &Pipeline,
    facts: &Facts,
    stored: &StateRows,
    phone: &E164,
) -> Result<Choice, sqlx::Error> {
    let listed = pipeline.routes.listed(MessageKind::Welcome);
    if stored.whatsapp.is_some() {
        // Until then no template is known, and everybody would be sent to by SMS.
        pipeline.routes.registry.loaded().await;
    }
    let whatsapp = access_to_whatsapp(pipeline, facts, stored);
    let by = |sms: Access| {
        choose(listed, preferred(facts, stored), waited_for_long(pipeline, stored), |channel| match channel {
            Channel::Sms => sms,
            Channel::Whatsapp => whatsapp,
        })
    };
    let choice = by(Access::Open);
    if !pipeline.waits.rules.consent_required || choice != Choice::Send(Channel::Sms) {
        return Ok(choice);
    }
    // A signup is consent to one welcome, unless a consent is required: only then it is asked for.
    let mut connection = pipeline.pool.acquire().await?;
    let (users, phones) = ([facts.user_id.as_str()], [phone.as_str()]);
    let consented = welcome::without_consent(&mut connection, &users, &phones).await?.is_empty();
    Ok(if consented { choice } else { by(Access::Closed(Obstacle::NoConsent)) })
}

/// What a welcome says on a channel. None: the template cannot be filled for this recipient.
pub(super) async fn route(
    pipeline: &Pipeline,
    facts: &Facts,
    stored: &StateRows,
    phone: &E164,
    channel: Channel,
) -> Result<Option<Route>, Interrupted> {
    let wording = match channel {
        Channel::Sms => Some(text(pipeline, facts.language, phone, facts.lane).await?),
        Channel::Whatsapp => Box::pin(template(pipeline, facts, stored, phone)).await?,
    };
    Ok(wording.map(|wording| Route { channel, wording }))
}

/// The text of a welcome by SMS.
pub(super) async fn text(
    pipeline: &Pipeline,
    language: Language,
    phone: &E164,
    lane: QueueLane,
) -> Result<RouteWording, Interrupted> {
    Ok(match &pipeline.stop_addresses {
        Some(addresses) => {
            let address = addresses.of(*phone, lane).await?;
            RouteWording::Own(Box::new(templates::welcome_with_address(language, &address)))
        }
        None => RouteWording::Catalogue(templates::welcome(language)),
    })
}

async fn template(
    pipeline: &Pipeline,
    facts: &Facts,
    stored: &StateRows,
    phone: &E164,
) -> Result<Option<RouteWording>, Interrupted> {
    let Some(template) = sendable(pipeline, facts) else { return Ok(None) };
    let prints = |field: Field| template.variables.values().any(|printed| *printed == field);
    let mut fields = Fields::default()
        .with_known(Field::Name, name(facts, stored))
        .with_known(Field::HelpLine, pipeline.routes.help_line.as_deref());
    if let Some(addresses) = &pipeline.stop_addresses
        && (prints(Field::StopAddress) || prints(Field::StopCode))
    {
        let address = addresses.of(*phone, facts.lane).await?;
        let code = address.rsplit('/').next().unwrap_or_default().to_owned();
        fields = fields.with(Field::StopAddress, address).with(Field::StopCode, code);
    }
    match template.fill(&fields) {
        Ok(content) => Ok(Some(RouteWording::Own(Box::new(Wording::new(facts.language, content))))),
        Err(unfit) => {
            metrics::counter!("onboarding_content_errors_total").increment(1);
            let content_sid = template.content_sid.as_str();
            tracing::warn!(content_sid, %unfit, "the template cannot be filled for this user");
            Ok(None)
        }
    }
}

fn sendable(pipeline: &Pipeline, facts: &Facts) -> Option<Arc<Template>> {
    let today = pipeline.waits.today();
    pipeline.routes.registry.choose(
        MessageKind::Welcome,
        Slot::Welcome.as_str(),
        facts.language,
        Channel::Whatsapp,
        facts.user_id.as_str(),
        today,
    )
}

fn access_to_whatsapp(pipeline: &Pipeline, facts: &Facts, stored: &StateRows) -> Access {
    let Some(WhatsappRow { granted, unreachable_for, spent }) = stored.whatsapp else {
        return Access::Closed(Obstacle::Unreachable);
    };
    let recipient = WhatsappRecipient { granted, unreachable: spent || unreachable_for.is_some() };
    let sender = Destination::Channel(Channel::Whatsapp);
    let held = pipeline.throttle.breaker.holds_for(sender).map(|_| Wait::ChannelHeld);
    let busy = held.or_else(|| pipeline.throttle.room.full_for().map(|_| Wait::ChannelFull));
    whatsapp_access(recipient, sendable(pipeline, facts).is_some(), busy)
}

/// The channel that the event names, else the stored one. Any other word counts as no preference.
fn preferred(facts: &Facts, stored: &StateRows) -> Option<Channel> {
    let named = facts.signup.as_ref().and_then(|signup| signup.channel.as_deref());
    named.or(stored.user.as_ref()?.preferred_channel.as_deref())?.parse().ok()
}

fn name<'a>(facts: &'a Facts, stored: &'a StateRows) -> Option<&'a str> {
    let named = facts.signup.as_ref().and_then(|signup| signup.display_name.as_deref());
    named
        .or(stored.user.as_ref().and_then(|user| user.display_name.as_deref()))
        .filter(|name| !name.trim().is_empty())
}

fn waited_for_long(pipeline: &Pipeline, stored: &StateRows) -> bool {
    let waited = stored.user.as_ref().and_then(|user| user.channel_waited);
    waited.is_some_and(|waited| waited >= pipeline.routes.wait_within)
}
