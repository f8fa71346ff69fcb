//! Whether a welcome may go to the number by the chosen channel: it reaches the number, and its owner agrees.

use shared::{
    cli::Failure,
    consent::{
        Door, Source,
        doors::{self, Effect},
        welcome::{self, Agreement},
    },
    domain::Channel,
};
use sqlx::PgPool;

use super::{Trial, steps::Steps};
use crate::{
    app::Parts,
    config::Config,
    store::{
        batch::Statement as _,
        stored_state::{ReadState, StateQuery, StateRows},
    },
};

const NUMBER: &str = "number";
const CONSENT: &str = "consent";
const STOPPED: &str = "the number stopped messages, or withdrew this consent: a test does not override that. If its owner \
                       wants messages again, see `worker suppress remove --help` and `worker consent grant --help`";

impl Trial<'_> {
    /// Whether the message may go by `channel` now, as far as that is known before a claim.
    pub(super) async fn permitted(
        &self,
        steps: &mut Steps,
        config: &Config,
        parts: &Parts,
        channel: Channel,
    ) -> Result<bool, Failure> {
        let pool = &parts.pools.tasks;
        Ok(self.is_free(steps, pool, channel).await?
            && self.agreed(steps, config.waits.consent_required, pool, channel).await?)
    }

    async fn is_free(&self, steps: &mut Steps, pool: &PgPool, channel: Channel) -> Result<bool, Failure> {
        let query = StateQuery {
            user_id: self.user.to_string(),
            phone: Some(self.phone.as_str().to_owned()),
            digest: None,
        };
        let read = ReadState { pool: pool.clone(), whatsapp: true, inbox: false };
        let rows = read.run(&[query]).await.map_err(Failure::statement)?;
        let obstacle = rows.first().and_then(|stored| obstacle(stored, channel));
        match &obstacle {
            Some(why) => steps.passed_over(NUMBER, format!("nothing to send: {why}")),
            None => steps.passed(NUMBER, "has had no welcome"),
        }
        Ok(obstacle.is_none())
    }

    async fn agreed(
        &self,
        steps: &mut Steps,
        consent_required: bool,
        pool: &PgPool,
        channel: Channel,
    ) -> Result<bool, Failure> {
        let mut connection = pool.acquire().await.map_err(Failure::statement)?;
        let known = welcome::agreement(&mut connection, self.phone.as_str(), channel).await;
        match known.map_err(Failure::statement)? {
            Agreement::Withdrawn => {
                steps.failed(CONSENT, STOPPED);
                return Ok(false);
            }
            Agreement::Granted => steps.passed(CONSENT, format!("onboarding on {channel} is granted")),
            Agreement::Missing if self.arguments.grant => {
                steps.passed(
                    CONSENT,
                    format!("onboarding on {channel} is entered before the message (--grant)"),
                );
            }
            Agreement::Missing if channel == Channel::Sms && !consent_required => {
                steps.passed_over(CONSENT, "not needed for sms: CONSENT_FOR_ONBOARDING is off");
            }
            Agreement::Missing => {
                let text = format!(
                    "no consent to onboarding on {channel} is known. If the owner of the number agrees, repeat the command \
                     with --grant --reason 'how you know'"
                );
                steps.failed(CONSENT, text);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Enters the consent that staff were given. False: the number stopped messages.
    pub(super) async fn grant(
        &self,
        steps: &mut Steps,
        config: &Config,
        pool: &PgPool,
        channel: Channel,
    ) -> Result<bool, Failure> {
        if let Some(key) = &config.erasure {
            // A stop from before an erasure is older than this consent, and holds all the same.
            let digest = key.number(self.phone.as_str());
            doors::restore_stop(pool, &self.phone, &digest).await.map_err(Failure::statement)?;
        }
        let reason = &self.arguments.reason;
        let door = Door { source: Source::Staff, actor: &self.actor, reason, action: Some("consent grant") };
        let entered = doors::grant_welcome(pool, &self.user, &self.phone, channel, &door).await;
        match entered.map_err(Failure::statement)? {
            Effect::Held => {
                steps.failed(CONSENT, STOPPED);
                Ok(false)
            }
            Effect::Done => {
                let user = &self.user;
                println!(
                    "Entered: onboarding on {channel}. `worker consent withdraw {user} --purpose onboarding --channel \
                     {channel} --reason …` takes it back."
                );
                Ok(true)
            }
            Effect::Already | Effect::TipsAgain => Ok(true),
        }
    }
}

/// Why a welcome would not go to the number by the channel.
fn obstacle(stored: &StateRows, channel: Channel) -> Option<String> {
    if stored.holder.is_some() {
        return Some("this number has had its welcome".to_owned());
    }
    let whatsapp = stored.whatsapp.filter(|_| channel == Channel::Whatsapp)?;
    if whatsapp.spent {
        return Some("this number had its welcome by whatsapp, which did not arrive".to_owned());
    }
    let hours = whatsapp.unreachable_for?.as_secs().div_ceil(3600);
    Some(format!("whatsapp does not reach this number for another {hours} h (view channel_state says why)"))
}
