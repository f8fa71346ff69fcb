//! Which channels may carry a message, by its kind (`CHANNELS`).

use std::{fmt, str::FromStr};

use super::{Channel, MessageKind, UnknownChannel, UnknownMessageKind};

/// The channels that may carry messages of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// These, in order. At least one, each at most once.
    Listed(Vec<Channel>),
    /// The channel on which the user wrote. Only for replies.
    Same,
}

impl Route {
    /// Whether it lists the channel.
    pub fn lists(&self, channel: Channel) -> bool {
        matches!(self, Self::Listed(channels) if channels.contains(&channel))
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed(channels) => {
                let names: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
                f.write_str(&names.join(","))
            }
            Self::Same => f.write_str(SAME),
        }
    }
}

/// The word for [`Route::Same`].
const SAME: &str = "same";

/// The allowed channels of every kind. As text: `welcome=whatsapp,sms tip=whatsapp`; a kind that is left out keeps its
/// default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPlan([Route; MessageKind::ALL.len()]);

impl ChannelPlan {
    /// The channels of the kind.
    pub fn of(&self, kind: MessageKind) -> &Route {
        &self.0[kind as usize]
    }

    /// The kinds that list the channel.
    pub fn kinds_on(&self, channel: Channel) -> impl Iterator<Item = MessageKind> {
        MessageKind::ALL.into_iter().filter(move |kind| self.of(*kind).lists(channel))
    }

    /// The same, with one channel for a kind.
    #[must_use]
    pub fn with_only(mut self, kind: MessageKind, channel: Channel) -> Self {
        self.0[kind as usize] = Route::Listed(vec![channel]);
        self
    }

    /// Whether a kind lists the channel.
    pub fn uses(&self, channel: Channel) -> bool {
        self.kinds_on(channel).next().is_some()
    }
}

impl Default for ChannelPlan {
    fn default() -> Self {
        Self(MessageKind::ALL.map(|kind| match kind {
            MessageKind::Welcome | MessageKind::Notice => Route::Listed(vec![Channel::Sms]),
            MessageKind::Tip => Route::Listed(vec![Channel::Whatsapp]),
            MessageKind::Reply => Route::Same,
        }))
    }
}

impl fmt::Display for ChannelPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = MessageKind::ALL.map(|kind| format!("{kind}={}", self.of(kind)));
        f.write_str(&parts.join(" "))
    }
}

impl FromStr for ChannelPlan {
    type Err = BadChannelPlan;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut plan = Self::default();
        let mut seen = Vec::new();
        for part in text.split_whitespace() {
            let (name, channels) =
                part.split_once('=').ok_or_else(|| BadChannelPlan::Part(part.to_owned()))?;
            let kind: MessageKind = name.parse()?;
            if seen.contains(&kind) {
                return Err(BadChannelPlan::KindTwice(kind));
            }
            seen.push(kind);
            plan.0[kind as usize] = route(kind, channels)?;
        }
        Ok(plan)
    }
}

fn route(kind: MessageKind, text: &str) -> Result<Route, BadChannelPlan> {
    if text.split(',').any(|word| word == SAME) {
        return match (kind, text) {
            (MessageKind::Reply, SAME) => Ok(Route::Same),
            (MessageKind::Reply, _) => Err(BadChannelPlan::SameWithOthers),
            _ => Err(BadChannelPlan::SameElsewhere(kind)),
        };
    }
    if text.is_empty() {
        return Err(BadChannelPlan::NoChannel(kind));
    }
    let mut channels = Vec::new();
    for word in text.split(',') {
        let channel: Channel = word.parse()?;
        if channels.contains(&channel) {
            return Err(BadChannelPlan::ChannelTwice(kind, channel));
        }
        channels.push(channel);
    }
    Ok(Route::Listed(channels))
}

/// Why a text is not a [`ChannelPlan`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadChannelPlan {
    /// A part is not of the form `KIND=CHANNELS`.
    #[error("{0:?} is not of the form KIND=CHANNELS, such as welcome=whatsapp,sms (no space after a comma)")]
    Part(String),
    /// No such kind.
    #[error(transparent)]
    Kind(#[from] UnknownMessageKind),
    /// No such channel.
    #[error(transparent)]
    Channel(#[from] UnknownChannel),
    /// A kind is there twice.
    #[error("{0} is there twice: keep one")]
    KindTwice(MessageKind),
    /// A channel is there twice for one kind.
    #[error("{0} lists {1} twice")]
    ChannelTwice(MessageKind, Channel),
    /// A kind has no channel.
    #[error("{0} has no channel: give at least one, or leave the kind out to keep its default")]
    NoChannel(MessageKind),
    /// `same` is for replies.
    #[error("{0}=same: only a reply can go by the channel on which the user wrote")]
    SameElsewhere(MessageKind),
    /// `same` beside channels.
    #[error("reply lists `same` beside channels: give `same` alone, or channels")]
    SameWithOthers,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "welcome=sms tip=whatsapp notice=sms reply=same";

    #[test]
    fn a_kind_that_is_left_out_keeps_its_default() {
        assert_eq!(ChannelPlan::default().to_string(), DEFAULT);
        assert_eq!(DEFAULT.parse(), Ok(ChannelPlan::default()));
        assert_eq!("".parse(), Ok(ChannelPlan::default()));
        let plan: ChannelPlan = " welcome=whatsapp,sms \t reply=sms ".parse().unwrap();
        assert_eq!(plan.to_string(), "welcome=whatsapp,sms tip=whatsapp notice=sms reply=sms");
        let order = Route::Listed(vec![Channel::Whatsapp, Channel::Sms]);
        assert_eq!(plan.of(MessageKind::Welcome), &order);
    }

    #[test]
    fn the_kinds_of_a_channel_are_those_that_list_it() {
        let plan = ChannelPlan::default();
        assert_eq!(plan.kinds_on(Channel::Whatsapp).collect::<Vec<_>>(), [MessageKind::Tip]);
        assert!(plan.uses(Channel::Whatsapp));
        let sms: ChannelPlan = "tip=sms".parse().unwrap();
        assert!(!sms.uses(Channel::Whatsapp) && sms.uses(Channel::Sms));
    }

    #[test]
    fn one_channel_can_be_all_that_a_kind_has() {
        let plan: ChannelPlan = "welcome=whatsapp,sms".parse().unwrap();
        let plan = plan.with_only(MessageKind::Welcome, Channel::Sms);
        assert_eq!(plan.to_string(), DEFAULT);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        use BadChannelPlan as Bad;
        use MessageKind::{Reply, Tip, Welcome};
        for (text, expected) in [
            ("welcome", Bad::Part("welcome".to_owned())),
            ("welcome=sms, whatsapp", Bad::Channel("".parse::<Channel>().unwrap_err())),
            ("welcome= sms", Bad::NoChannel(Welcome)),
            ("hello=sms", Bad::Kind("hello".parse::<MessageKind>().unwrap_err())),
            ("Welcome=sms", Bad::Kind("Welcome".parse::<MessageKind>().unwrap_err())),
            ("tip=email", Bad::Channel("email".parse::<Channel>().unwrap_err())),
            ("tip=", Bad::NoChannel(Tip)),
            ("tip=sms tip=whatsapp", Bad::KindTwice(Tip)),
            ("tip=sms,sms", Bad::ChannelTwice(Tip, Channel::Sms)),
            ("tip=sms,", Bad::Channel("".parse::<Channel>().unwrap_err())),
            ("tip=same", Bad::SameElsewhere(Tip)),
            ("welcome=sms,same", Bad::SameElsewhere(Welcome)),
            ("reply=same,sms", Bad::SameWithOthers),
            ("reply=", Bad::NoChannel(Reply)),
            ("tip==sms", Bad::Channel("=sms".parse::<Channel>().unwrap_err())),
        ] {
            assert_eq!(text.parse::<ChannelPlan>(), Err(expected), "{text}");
        }
    }
}
