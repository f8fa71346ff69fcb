//! The parts that take and handle what people write.

use tokio::task::JoinSet;

use super::Parts;
use crate::{
    config::Config,
    http::{inbound::Inbound, signed::Signatures},
    inbox::OurSenders,
    tasks::{
        driver::Driver,
        inbound_search::InboundSearch,
        inbox::{Inbox, StaffHours},
        urgent_notices::UrgentNotices,
    },
};

impl Parts {
    /// What takes inbound messages; none without `INBOX_KEY`.
    pub(super) fn inbound(&self, config: &Config) -> anyhow::Result<Option<Inbound>> {
        let (Some(inbox), Some(signatures)) = (&config.inbox, Signatures::new(&config.twilio)) else {
            return Ok(None);
        };
        let (pool, keys) = (self.pools.callbacks.clone(), inbox.keys.clone());
        Ok(Some(Inbound { pool, signatures, keys, ours: our_senders(config)? }))
    }

    /// Starts the tasks that handle inbound messages; none without `INBOX_KEY`.
    pub(super) fn read_inbox(
        &self,
        config: &Config,
        tasks: &mut JoinSet<()>,
        driver: impl Fn() -> Driver,
    ) -> anyhow::Result<()> {
        let Some(inbox) = &config.inbox else { return Ok(()) };
        let (pool, keys) = (self.pools.tasks.clone(), inbox.keys.clone());
        tasks.spawn(driver().run(Inbox {
            pool: pool.clone(),
            client: self.client.clone(),
            keys: keys.clone(),
            language: config.audience.language,
            help_line: config.help_line.clone(),
            replies_per_hour: inbox.replies_per_hour,
            staff: StaffHours {
                hours: inbox.staff_hours,
                called: !inbox.staff_phones.is_empty(),
                calendar: self.hours.calendar.clone(),
            },
        }));
        if !inbox.staff_phones.is_empty() {
            tasks.spawn(
                driver().run(UrgentNotices { pool: pool.clone(), phones: inbox.staff_phones.clone() }),
            );
        }
        if let Some(interval) = inbox.reconcile {
            let (client, ours) = (self.client.clone(), our_senders(config)?);
            tasks.spawn(driver().run(InboundSearch { pool, client, keys, ours, interval }));
        }
        Ok(())
    }
}

/// The senders that people may write to.
fn our_senders(config: &Config) -> anyhow::Result<OurSenders> {
    Ok(OurSenders {
        account: config.twilio.client()?.credentials.account().to_string(),
        sms: config.twilio.sender()?.clone(),
        whatsapp: config.whatsapp.sender.clone(),
    })
}
