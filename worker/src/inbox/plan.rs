//! The consequences of a message: the door it goes through, whether a person reads it, and the automatic answer.

use shared::{
    consent::{doors::Effect, written::Wish},
    templates::Reply,
    words::{Class, Understood, Urgency},
};

/// The same text three times in a row comes from a machine.
pub(crate) const SAME_TEXTS: usize = 3;

/// What follows from the text of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) wish: Option<Wish>,
    /// One message a week is enough.
    pub(crate) weekly: bool,
    /// How urgently a person of the staff has to read it. None: no person has to.
    pub(crate) urgency: Option<Urgency>,
    reply: Reply,
}

impl Plan {
    /// A sign of danger is read by a person, whatever else the message says.
    pub(crate) fn of(understood: &Understood) -> Self {
        let wish = match understood.class() {
            Class::Stop => Some(Wish::Stop),
            Class::Start => Some(Wish::Start),
            Class::WrongNumber => Some(Wish::WrongNumber),
            Class::Loss => Some(Wish::Loss),
            _ if understood.has(Class::Loss) => Some(Wish::Loss),
            _ => None,
        };
        let (reply, read) = match understood.class() {
            Class::Stop => (Reply::Stopped, false),
            Class::Start => (Reply::Started, false),
            Class::Help => (Reply::Help, false),
            Class::Less => (Reply::Less, false),
            Class::WrongNumber => (Reply::WrongNumber, false),
            Class::Birth => (Reply::Birth, true),
            Class::Loss | Class::LossMentioned => (Reply::Loss, true),
            Class::Danger => (Reply::Urgent, true),
            Class::MaybeStop => (Reply::MaybeStop, true),
            Class::Other => (Reply::Received, true),
        };
        let read = read || understood.has(Class::Danger);
        let weekly = understood.class() == Class::Less;
        Self { wish, weekly, urgency: read.then(|| understood.urgency()), reply }
    }

    /// The automatic answer, where nothing forbids one. `effect` is that of the wish.
    pub(crate) fn reply(self, effect: Option<Effect>, told: &Told) -> Option<Reply> {
        let answers_anyway =
            matches!(self.reply, Reply::Stopped | Reply::Loss | Reply::WrongNumber | Reply::Urgent);
        let forbidden = told.hour_is_full
            || told.machine
            || told.in_conversation && !answers_anyway
            || !told.known && told.replies_of_month > 0;
        let nothing_new = match self.reply {
            // A stop is confirmed once.
            Reply::Stopped | Reply::WrongNumber => effect != Some(Effect::Done),
            Reply::Started => effect == Some(Effect::Held),
            _ => false,
        };
        let reply = match self.reply {
            Reply::Received if told.staff == Readers::Later => Reply::ReceivedLater,
            Reply::Urgent if told.staff == Readers::Later => Reply::UrgentLater,
            reply => reply,
        };
        (!forbidden && !nothing_new).then_some(reply)
    }

    /// How urgently a person has to read it after all: a loss holds the messages that the writer wants again, or the wish
    /// could not be carried out because the number of the writer is not known.
    pub(crate) fn is_read(self, effect: Option<Effect>) -> Option<Urgency> {
        let open = match effect {
            Some(effect) => effect == Effect::Held,
            None => self.wish.is_some(),
        };
        self.urgency.or(open.then_some(Urgency::Other))
    }
}

/// What an answer depends on beside the message: earlier answers to the person, and the hour.
#[expect(clippy::struct_excessive_bools, reason = "each is a reason of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Told {
    /// The number belongs to a user.
    pub(crate) known: bool,
    /// The person got as many automatic answers within an hour as are allowed: two machines must not answer each other
    /// permanently. WhatsApp and Twilio stop such loops only after 30 messages (Twilio's error 14107).
    pub(crate) hour_is_full: bool,
    pub(crate) replies_of_month: i64,
    /// The same text came again and again.
    pub(crate) machine: bool,
    /// A conversation with staff was open already.
    pub(crate) in_conversation: bool,
    pub(crate) staff: Readers,
}

/// When a person of the staff reads messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Readers {
    #[default]
    Now,
    /// Outside their hours. An urgent message calls them only where numbers of staff are known.
    Later,
}

#[cfg(test)]
mod tests {
    use shared::words::understand;

    use super::*;

    const KNOWN: Told = Told {
        known: true,
        hour_is_full: false,
        replies_of_month: 0,
        machine: false,
        in_conversation: false,
        staff: Readers::Now,
    };

    fn plan(text: &str) -> Plan {
        Plan::of(&understand(text, None))
    }

    #[test]
    fn each_class_leads_to_its_door_its_readers_and_its_answer() {
        for (text, wish, urgency, reply) in [
            ("बन्द", Some(Wish::Stop), None, Reply::Stopped),
            ("START", Some(Wish::Start), None, Reply::Started),
            ("help", None, None, Reply::Help),
            ("गलत नम्बर", Some(Wish::WrongNumber), None, Reply::WrongNumber),
            ("बच्चा जन्मियो", None, Some(Urgency::Other), Reply::Birth),
            ("miscarriage", Some(Wish::Loss), Some(Urgency::Loss), Reply::Loss),
            ("I am afraid of a miscarriage", None, Some(Urgency::Loss), Reply::Loss),
            ("रगत रोकिएन", None, Some(Urgency::Danger), Reply::Urgent),
            ("stop, I am bleeding", None, Some(Urgency::Danger), Reply::Urgent),
            ("please don't stop", None, Some(Urgency::Other), Reply::MaybeStop),
            ("may I eat cabbage?", None, Some(Urgency::Other), Reply::Received),
        ] {
            let plan = plan(text);
            assert_eq!((plan.wish, plan.urgency, plan.reply), (wish, urgency, reply), "{text}");
        }
        assert!(Plan::of(&understand("कम", Some("weekly"))).weekly);
    }

    #[test]
    fn a_stop_is_confirmed_once() {
        let stop = plan("STOP");
        assert_eq!(stop.reply(Some(Effect::Done), &KNOWN), Some(Reply::Stopped));
        assert_eq!(stop.reply(Some(Effect::Already), &KNOWN), None);
    }

    #[test]
    fn a_start_after_a_loss_is_read_by_a_person() {
        let start = plan("START");
        assert_eq!(start.is_read(Some(Effect::Held)), Some(Urgency::Other));
        assert_eq!(start.reply(Some(Effect::Held), &KNOWN), None);
        assert_eq!(start.is_read(Some(Effect::Done)), None);
        assert_eq!(plan("STOP").is_read(None), Some(Urgency::Other), "the number is not known");
    }

    #[test]
    fn answers_are_bounded() {
        let question = plan("may I eat cabbage?");
        assert_eq!(question.reply(None, &KNOWN), Some(Reply::Received));
        for told in [
            Told { hour_is_full: true, ..KNOWN },
            Told { machine: true, ..KNOWN },
            Told { in_conversation: true, ..KNOWN },
            Told { known: false, replies_of_month: 1, ..KNOWN },
        ] {
            assert_eq!(question.reply(None, &told), None, "{told:?}");
        }
        let open = Told { in_conversation: true, ..KNOWN };
        assert_eq!(plan("STOP").reply(Some(Effect::Done), &open), Some(Reply::Stopped));
        assert_eq!(plan("रगत").reply(None, &open), Some(Reply::Urgent));
    }

    #[test]
    fn outside_their_hours_nobody_promises_that_staff_read_soon() {
        let later = Told { staff: Readers::Later, ..KNOWN };
        for (text, now, at_night) in [
            ("may I eat cabbage?", Reply::Received, Reply::ReceivedLater),
            ("रगत रोकिएन", Reply::Urgent, Reply::UrgentLater),
            ("help", Reply::Help, Reply::Help),
        ] {
            assert_eq!(plan(text).reply(None, &KNOWN), Some(now), "{text}");
            assert_eq!(plan(text).reply(None, &later), Some(at_night), "{text}");
        }
    }
}
