//! By which channel the welcome of a stored user goes, as the worker will choose. Where `CHANNELS` lists only SMS for welcomes,
//! nothing of this is read.

use std::collections::HashMap;

use chrono::NaiveDate;
use shared::{
    domain::{
        Channel, MessageKind, MessagingLimit, PeopleLimit,
        channel_choice::{Access, Choice, Obstacle, WhatsappRecipient, choose, whatsapp_access},
        decision::Wait,
    },
    templates::{
        Category, Field, Fields, Language, Slot,
        registry::{self, Sendable},
    },
};
use sqlx::PgPool;

use crate::context::Settings;

/// A code of a stop link, for the length of an address: every code is as long.
const SOME_CODE: &str = "PCWDDR9B5";

/// What decides about WhatsApp and is the same for all users of a scan.
pub(crate) struct Whatsapp {
    templates: Sendable,
    /// The day in Nepal, by which a variant is chosen.
    today: NaiveDate,
    /// A fault of the sender holds all messages back.
    pub(crate) is_held: bool,
    /// How many people WhatsApp takes before those who wait for it go by SMS. None: any number.
    pub(crate) room: Option<u64>,
}

/// How many people Twilio says that the WhatsApp sender may write to. None: not known, or it does not matter.
pub(crate) async fn reported(
    pool: &PgPool,
    settings: &Settings,
) -> Result<Option<MessagingLimit>, sqlx::Error> {
    let by_whatsapp = settings.welcome_channels().contains(&Channel::Whatsapp);
    if !by_whatsapp || settings.people != PeopleLimit::OfSender {
        return Ok(None);
    }
    let people = sqlx::query_scalar!("SELECT people FROM whatsapp_sender").fetch_optional(pool).await?;
    Ok(people.flatten().and_then(MessagingLimit::of_stored))
}

/// What decides about one user.
#[derive(Clone)]
pub(crate) struct Recipient {
    preferred: Option<Channel>,
    name: Option<String>,
    whatsapp: WhatsappRecipient,
    /// A stop or a loss of the user: the claim ends the welcome.
    pub(crate) silenced: bool,
}

/// A message that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) by: By,
    /// The billed segments of the text, in place of a message by WhatsApp as well.
    pub(crate) segments: u32,
}

/// The channel of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Sms,
    /// WhatsApp takes no more people for now, and the message has waited for it.
    SmsAfterWaiting,
    /// With the category of its template, if this release knows it.
    Whatsapp(Option<Category>),
}

impl By {
    pub(crate) fn channel(self) -> Channel {
        match self {
            Self::Sms | Self::SmsAfterWaiting => Channel::Sms,
            Self::Whatsapp(_) => Channel::Whatsapp,
        }
    }
}

/// How a welcome goes, as far as the user's consents and channels decide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Send(Message),
    Wait(Wait),
}

/// A welcome by SMS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BySms {
    pub(crate) segments: u32,
    /// It needs a consent that the user did not give.
    pub(crate) lacks_consent: bool,
}

/// How a welcome goes, now and if WhatsApp is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ways {
    pub(crate) now: Way,
    pub(crate) when_full: Way,
    /// The user could be reached by WhatsApp, and no template may be sent in this language.
    pub(crate) lacks_template: Option<Language>,
    /// The claim ends the welcome.
    pub(crate) silenced: bool,
}

impl Ways {
    /// Where no other channel is listed.
    pub(crate) fn by_sms(sms: BySms) -> Self {
        let now = if sms.lacks_consent {
            Way::Wait(Wait::NoConsent)
        } else {
            Way::Send(Message { by: By::Sms, segments: sms.segments })
        };
        Self { now, when_full: now, lacks_template: None, silenced: false }
    }
}

impl Whatsapp {
    /// What decides now. None: welcomes do not go by WhatsApp.
    pub(crate) async fn read(pool: &PgPool, settings: &Settings) -> Result<Option<Self>, sqlx::Error> {
        if !settings.welcome_channels().contains(&Channel::Whatsapp) {
            return Ok(None);
        }
        let mapped = registry::mapped(pool).await?;
        let now = sqlx::query!(
            r#"SELECT (calendar_now() AT TIME ZONE 'Asia/Kathmandu')::date AS "today!",
                      EXISTS (SELECT FROM breaker WHERE scope = 'channel:whatsapp' AND closed_at IS NULL) AS "held!",
                      -- An hour counts for 25 hours. What ends before a welcome has waited for long makes room for it.
                      (SELECT coalesce(sum(people), 0)::bigint FROM whatsapp_people
                       WHERE hour > calendar_now() + make_interval(secs => $1) - interval '25 hours') AS "people!""#,
            settings.fallback_within.as_secs_f64(),
        )
        .fetch_one(pool)
        .await?;
        let left = |limit: u32| u64::from(limit).saturating_sub(u64::try_from(now.people).unwrap_or(0));
        Ok(Some(Self {
            templates: Sendable::of(&mapped),
            today: now.today,
            is_held: now.held,
            room: settings.people_per_day().map(left),
        }))
    }

    /// How the welcome of a user goes. The choice is that of the worker.
    pub(crate) fn ways(
        &self,
        settings: &Settings,
        user_id: &str,
        language: Language,
        recipient: &Recipient,
        sms: BySms,
    ) -> Ways {
        let key = (MessageKind::Welcome, Slot::Welcome, language, Channel::Whatsapp);
        let template = self.templates.choose(key, user_id, self.today);
        let of_sms = if sms.lacks_consent { Access::Closed(Obstacle::NoConsent) } else { Access::Open };
        let choice =
            |busy: Option<Wait>| {
                let of_whatsapp = whatsapp_access(recipient.whatsapp, template.is_some(), busy);
                // A welcome that finds WhatsApp full has waited for it when it goes by SMS.
                choose(settings.welcome_channels(), recipient.preferred, busy.is_some(), |channel| {
                    match channel {
                        Channel::Sms => of_sms,
                        Channel::Whatsapp => of_whatsapp,
                    }
                })
            };
        let way = |choice: Choice, by_sms: By| match (choice, template) {
            (Choice::Wait(wait), _) => Way::Wait(wait),
            (Choice::Send(Channel::Whatsapp), Some(template)) => {
                match template.fill(&fields(settings, recipient)) {
                    Ok(_) => {
                        Way::Send(Message { by: By::Whatsapp(template.category), segments: sms.segments })
                    }
                    Err(_) => Way::Wait(Wait::NoTemplate),
                }
            }
            (Choice::Send(_), _) => Way::Send(Message { by: by_sms, segments: sms.segments }),
        };
        let WhatsappRecipient { granted, unreachable } = recipient.whatsapp;
        Ways {
            now: way(choice(None), By::Sms),
            when_full: way(choice(Some(Wait::ChannelFull)), By::SmsAfterWaiting),
            lacks_template: (granted && !unreachable && template.is_none()).then_some(language),
            silenced: recipient.silenced,
        }
    }
}

/// What decides about these users, each with a number, by user id.
pub(crate) async fn recipients(
    pool: &PgPool,
    users: &[(&str, &str)],
) -> Result<HashMap<String, Recipient>, sqlx::Error> {
    let (users, phones): (Vec<&str>, Vec<&str>) = users.iter().copied().unzip();
    let rows = sqlx::query!(
        // As the worker reads it before it chooses (`store/stored_state.rs`).
        r#"SELECT u.user_id, u.channel AS preferred, u.display_name,
                  CASE WHEN (SELECT k.person_key FROM person_keys k
                             WHERE k.user_id = i.user_id AND k.phone_e164 IS NULL LIMIT 1) IS NULL
                  THEN coalesce((SELECT 'onboarding' = ANY (g.purposes) FROM channel_grants g
                                 WHERE g.phone_e164 = i.phone AND g.channel = 'whatsapp'), false)
                  ELSE agrees_to('onboarding', 'whatsapp', i.user_id, i.phone) END AS "granted!",
                  (SELECT s.id FROM suppressions s WHERE s.phone_e164 = i.phone AND s.lifted_at IS NULL
                      AND s.channel = 'any') IS NOT NULL AS "suppressed!",
                  (SELECT q.user_id FROM silenced_users q WHERE q.user_id = i.user_id) IS NOT NULL AS "silenced!",
                  (SELECT f.until FROM channel_faults f WHERE f.phone_e164 = i.phone AND f.channel = 'whatsapp'
                      AND f.until > calendar_now()) IS NOT NULL
                  OR (SELECT a.message_id FROM attempts a
                      WHERE a.phone_e164 = i.phone AND NOT a.blocks AND a.channel = 'whatsapp'
                        AND a.outcome = 'accepted' LIMIT 1) IS NOT NULL AS "unreachable!"
           FROM UNNEST($1::text[], $2::text[]) AS i(user_id, phone)
           CROSS JOIN LATERAL (SELECT * FROM users WHERE users.user_id = i.user_id LIMIT 1) u"#,
        &users as &[&str],
        &phones as &[&str],
    )
    .fetch_all(pool)
    .await?;
    let recipients = rows.into_iter().map(|row| {
        let recipient = Recipient {
            // Any other word counts as no preference.
            preferred: row.preferred.and_then(|word| word.parse().ok()),
            name: row.display_name,
            whatsapp: WhatsappRecipient {
                granted: row.granted || row.suppressed || row.silenced,
                unreachable: row.unreachable,
            },
            silenced: row.silenced,
        };
        (row.user_id, recipient)
    });
    Ok(recipients.collect())
}

/// The facts of the welcome that decide whether a template can be filled.
fn fields(settings: &Settings, recipient: &Recipient) -> Fields {
    let address = settings.stop_address.as_ref().map(|base| format!("{base}{SOME_CODE}"));
    let code = address.as_ref().map(|_| SOME_CODE);
    Fields::default()
        .with_known(Field::Name, recipient.name.as_deref().filter(|name| !name.trim().is_empty()))
        .with_known(Field::HelpLine, settings.help_line.as_deref())
        .with_known(Field::StopAddress, address)
        .with_known(Field::StopCode, code)
}
