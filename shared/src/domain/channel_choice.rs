//! By which channel a message goes. The choice does nothing: it does not read a database or make a call.

use super::{Channel, decision::Wait};

/// Whether a channel can carry one message to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It can.
    Open,
    /// It cannot, until something changes.
    Closed(Obstacle),
    /// It can later, by itself.
    Later(Wait),
}

/// Why a channel cannot carry a message. Of several, the one that comes last is the one to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// The channel does not reach the number.
    Unreachable,
    /// The recipient did not agree to it.
    NoConsent,
    /// No template may be sent.
    NoTemplate,
}

/// By which channel a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// By this one.
    Send(Channel),
    /// By none yet.
    Wait(Wait),
}

impl Obstacle {
    /// What a message waits for that no channel can carry.
    pub const fn wait(self) -> Wait {
        match self {
            Self::Unreachable => Wait::Unreachable,
            Self::NoConsent => Wait::NoConsent,
            Self::NoTemplate => Wait::NoTemplate,
        }
    }
}

/// What decides about a recipient whether a message may go to them by WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhatsappRecipient {
    /// They agreed to it.
    pub granted: bool,
    /// WhatsApp does not reach the number, or the message went there by WhatsApp and did not arrive.
    pub unreachable: bool,
}

/// Whether WhatsApp can carry a message. A template may be sent or not; `busy` is what the channel itself waits for.
pub fn whatsapp_access(recipient: WhatsappRecipient, has_template: bool, busy: Option<Wait>) -> Access {
    if !recipient.granted {
        Access::Closed(Obstacle::NoConsent)
    } else if recipient.unreachable {
        Access::Closed(Obstacle::Unreachable)
    } else if !has_template {
        Access::Closed(Obstacle::NoTemplate)
    } else {
        busy.map_or(Access::Open, Access::Later)
    }
}

/// Chooses among `listed`, the channels of the kind in order. The preferred channel comes first if it is listed. A channel
/// that can carry the message later is waited for, unless it has been for long and another one can carry it.
pub fn choose(
    listed: &[Channel],
    preferred: Option<Channel>,
    waited_for_long: bool,
    access: impl Fn(Channel) -> Access,
) -> Choice {
    let first = preferred.filter(|channel| listed.contains(channel));
    let others = listed.iter().copied().filter(|channel| Some(*channel) != first);
    let mut obstacle = Obstacle::Unreachable;
    let mut later = None;
    for channel in first.into_iter().chain(others) {
        match access(channel) {
            Access::Open => return Choice::Send(channel),
            Access::Later(wait) if !waited_for_long => return Choice::Wait(wait),
            Access::Later(wait) => later = later.or(Some(wait)),
            Access::Closed(closed) => obstacle = obstacle.max(closed),
        }
    }
    Choice::Wait(later.unwrap_or(obstacle.wait()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Channel::{Sms, Whatsapp};

    const BOTH: [Channel; 2] = [Whatsapp, Sms];
    const FULL: Access = Access::Later(Wait::ChannelFull);

    /// Access to WhatsApp and to SMS.
    fn with(whatsapp: Access, sms: Access) -> impl Fn(Channel) -> Access {
        move |channel| if channel == Whatsapp { whatsapp } else { sms }
    }

    #[test]
    fn whatsapp_needs_a_grant_a_reachable_number_and_a_template_and_then_room() {
        let access = |granted, unreachable| {
            move |template, busy| whatsapp_access(WhatsappRecipient { granted, unreachable }, template, busy)
        };
        let full = Some(Wait::ChannelFull);
        assert_eq!(access(false, true)(false, full), Access::Closed(Obstacle::NoConsent));
        assert_eq!(access(true, true)(false, full), Access::Closed(Obstacle::Unreachable));
        assert_eq!(access(true, false)(false, full), Access::Closed(Obstacle::NoTemplate));
        assert_eq!(access(true, false)(true, full), FULL);
        assert_eq!(access(true, false)(true, None), Access::Open);
    }

    #[test]
    fn the_first_open_channel_carries_it_and_a_preference_never_adds_one() {
        let open = with(Access::Open, Access::Open);
        assert_eq!(choose(&BOTH, None, false, &open), Choice::Send(Whatsapp));
        assert_eq!(choose(&BOTH, Some(Sms), false, &open), Choice::Send(Sms));
        assert_eq!(choose(&[Sms], Some(Whatsapp), false, &open), Choice::Send(Sms));
        assert_eq!(choose(&[Whatsapp], Some(Sms), false, &open), Choice::Send(Whatsapp));
    }

    #[test]
    fn a_closed_channel_leaves_it_to_the_next_one() {
        for obstacle in [Obstacle::Unreachable, Obstacle::NoConsent, Obstacle::NoTemplate] {
            let closed = Access::Closed(obstacle);
            assert_eq!(choose(&BOTH, None, false, with(closed, Access::Open)), Choice::Send(Sms));
            assert_eq!(
                choose(&[Whatsapp], None, false, with(closed, Access::Open)),
                Choice::Wait(obstacle.wait())
            );
        }
    }

    #[test]
    fn of_several_obstacles_it_waits_for_the_one_to_remove() {
        let (unreachable, unconsented, no_template) = (
            Access::Closed(Obstacle::Unreachable),
            Access::Closed(Obstacle::NoConsent),
            Access::Closed(Obstacle::NoTemplate),
        );
        assert_eq!(choose(&BOTH, None, false, with(unreachable, unconsented)), Choice::Wait(Wait::NoConsent));
        assert_eq!(
            choose(&BOTH, None, false, with(no_template, unconsented)),
            Choice::Wait(Wait::NoTemplate)
        );
        assert_eq!(
            choose(&BOTH, None, false, with(unreachable, unreachable)),
            Choice::Wait(Wait::Unreachable)
        );
    }

    #[test]
    fn a_full_channel_is_waited_for_and_not_for_ever() {
        assert_eq!(choose(&BOTH, None, false, with(FULL, Access::Open)), Choice::Wait(Wait::ChannelFull));
        assert_eq!(choose(&BOTH, None, true, with(FULL, Access::Open)), Choice::Send(Sms));
        let unconsented = Access::Closed(Obstacle::NoConsent);
        assert_eq!(choose(&BOTH, None, true, with(FULL, unconsented)), Choice::Wait(Wait::ChannelFull));
        assert_eq!(
            choose(&[Whatsapp], None, true, with(FULL, Access::Open)),
            Choice::Wait(Wait::ChannelFull)
        );
    }
}
