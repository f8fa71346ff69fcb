//! Rules: when a fault applies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::action::Action;
use super::operation::Operation;
use crate::channel::Channel;
use crate::random::Random;

/// One rule. Rules are tried in order and the first that applies decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Only this operation; none means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Only recipients on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Only numbers that end so. The number is the recipient, the looked-up number or the list's `To`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Share of the matching requests, 0 to 1; none means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How often the rule applies before it is spent; none means without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Milliseconds from being set until the rule ends; none means that it does not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
    /// What happens: one action or a list of them.
    #[serde(alias = "actions")]
    pub action: Actions,
}

/// One or more actions; JSON may hold an object or an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actions(pub Vec<Action>);

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let actions = if value.is_array() {
            serde_json::from_value(value)
        } else {
            serde_json::from_value(value).map(|action| vec![action])
        };
        actions.map(Self).map_err(D::Error::custom)
    }
}

impl Rule {
    /// A rule that always applies.
    pub fn new(action: Action) -> Self {
        Self {
            operation: None,
            channel: None,
            suffix: None,
            probability: None,
            count: None,
            for_ms: None,
            action: Actions(vec![action]),
        }
    }

    /// Also does `action`.
    #[must_use]
    pub fn and(mut self, action: Action) -> Self {
        self.action.0.push(action);
        self
    }

    /// Only for this operation.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Only for recipients on this channel.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.channel = Some(channel);
        self
    }

    /// Only for numbers that end so.
    #[must_use]
    pub fn suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// Only for this share of the requests, 0 to 1.
    #[must_use]
    pub fn probability(mut self, share: f64) -> Self {
        self.probability = Some(share);
        self
    }

    /// At most so often.
    #[must_use]
    pub fn count(mut self, times: u64) -> Self {
        self.count = Some(times);
        self
    }

    /// Limits the rule to `time` after it is set.
    #[must_use]
    pub fn lasting(mut self, time: Duration) -> Self {
        self.for_ms = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

/// A rule in force and how often it applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleState {
    /// The rule as given.
    #[serde(flatten)]
    pub rule: Rule,
    /// Requests it was applied to.
    pub hits: u64,
}

#[derive(Debug)]
pub(crate) struct ActiveRule {
    rule: Rule,
    since: Instant,
    hits: AtomicU64,
}

impl ActiveRule {
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule, since: Instant::now(), hits: AtomicU64::new(0) }
    }

    pub(crate) fn actions(&self) -> &[Action] {
        &self.rule.action.0
    }

    pub(crate) fn state(&self) -> RuleState {
        RuleState { rule: self.rule.clone(), hits: self.hits.load(Ordering::Relaxed) }
    }

    /// Whether the rule decides this request; if so it counts as used.
    pub(crate) fn applies(&self, operation: Operation, number: Option<&str>, random: &Random) -> bool {
        self.matches(operation, number)
            && self.rule.for_ms.is_none_or(|ms| self.since.elapsed() < Duration::from_millis(ms))
            && self.rule.probability.is_none_or(|share| random.chance(share))
            && self.take()
    }

    fn matches(&self, operation: Operation, number: Option<&str>) -> bool {
        self.rule.operation.is_none_or(|wanted| wanted == operation)
            && self.rule.channel.is_none_or(|channel| number.map(Channel::of) == Some(channel))
            && self
                .rule
                .suffix
                .as_ref()
                .is_none_or(|suffix| number.is_some_and(|number| number.ends_with(suffix.as_str())))
    }

    fn take(&self) -> bool {
        let limit = self.rule.count.unwrap_or(u64::MAX);
        let next = |hits: u64| (hits < limit).then_some(hits + 1);
        self.hits.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_action_or_many() {
        let one: Rule = serde_json::from_str(
            r#"{"operation":"create","count":3,"action":{"type":"reset","store":true}}"#,
        )
        .unwrap();
        assert_eq!(one, Rule::new(Action::Reset { store: true }).on(Operation::Create).count(3));
        let two: Rule =
            serde_json::from_str(r#"{"actions":[{"type":"sent_last"},{"type":"no_callbacks"}]}"#).unwrap();
        assert_eq!(two, Rule::new(Action::SentLast).and(Action::NoCallbacks));
    }

    #[test]
    fn unknown_fields_are_refused() {
        for bad in [r#"{"action":{"type":"reset"},"op":"create"}"#, r#"{"operation":"create"}"#] {
            assert!(serde_json::from_str::<Rule>(bad).is_err(), "{bad}");
        }
    }
}
