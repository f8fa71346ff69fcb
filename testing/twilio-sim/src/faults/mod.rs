//! Faults: chosen by rules that are set at run time, or by the last digits of a number.

mod action;
mod effects;
mod operation;
mod rule;
mod suffix;
mod suffix_table;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

pub use action::{Action, FailedStatus, PlainBody};
pub(crate) use effects::{
    CallbackEffects, Effects, Ending, Interruption, LookupEffect, PageFault, RecipientShown, Signing,
};
pub use operation::Operation;
pub(crate) use rule::ActiveRule;
pub use rule::{Actions, Rule, RuleState};

use crate::random::Random;
use suffix::SuffixFaults;

/// The faults in force.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: RwLock<Vec<ActiveRule>>,
    /// Whether there are rules. If not, a request does not take the lock.
    any: AtomicBool,
    suffixes: Option<SuffixFaults>,
    random: Random,
}

impl Faults {
    pub(crate) fn new(seed: u64, suffix_faults: bool) -> Self {
        Self {
            rules: RwLock::default(),
            any: AtomicBool::new(false),
            suffixes: suffix_faults.then(SuffixFaults::default),
            random: Random::new(seed),
        }
    }

    /// What happens to a request: the first rule that matches, else the number's suffix, else nothing.
    pub(crate) fn pick(&self, operation: Operation, number: Option<&str>) -> Effects {
        if self.any.load(Ordering::Acquire) {
            let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(rule) = rules.iter().find(|rule| rule.applies(operation, number, &self.random)) {
                return Effects::of(rule.actions());
            }
        }
        let suffix = self.suffixes.as_ref().zip(number);
        suffix.and_then(|(faults, number)| faults.pick(operation, number)).unwrap_or_default()
    }

    /// Puts `rules` behind those in force.
    pub(crate) fn add(&self, rules: Vec<Rule>) {
        let mut active = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        active.extend(rules.into_iter().map(ActiveRule::new));
        self.any.store(!active.is_empty(), Ordering::Release);
    }

    /// Puts `rules` in the place of those in force.
    pub(crate) fn replace(&self, rules: Vec<Rule>) {
        let mut active = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        *active = rules.into_iter().map(ActiveRule::new).collect();
        self.any.store(!active.is_empty(), Ordering::Release);
    }

    /// Forgets how often each suffix was seen.
    pub(crate) fn forget_numbers(&self) {
        if let Some(suffixes) = &self.suffixes {
            suffixes.forget();
        }
    }

    pub(crate) fn states(&self) -> Vec<RuleState> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).iter().map(ActiveRule::state).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::channel::Channel;

    fn latency(ms: u64) -> Action {
        Action::Latency { ms }
    }

    fn picked(faults: &Faults, operation: Operation, number: &str) -> u128 {
        faults.pick(operation, Some(number)).latency.as_millis()
    }

    #[test]
    fn the_first_matching_rule_wins() {
        let faults = Faults::new(1, false);
        faults.add(vec![
            Rule::new(latency(1)).on(Operation::Create).suffix("77"),
            Rule::new(latency(2)).on(Operation::Create),
            Rule::new(latency(3)),
        ]);
        assert_eq!(picked(&faults, Operation::Create, "+9779841234577"), 1);
        assert_eq!(picked(&faults, Operation::Create, "+9779841234567"), 2);
        assert_eq!(picked(&faults, Operation::Lookup, "+9779841234577"), 3);
        faults.replace(Vec::new());
        assert_eq!(faults.pick(Operation::Create, None).latency, Duration::ZERO);
    }

    #[test]
    fn a_channel_is_that_of_the_recipient() {
        let faults = Faults::new(1, false);
        faults.add(vec![Rule::new(latency(1)).channel(Channel::WhatsApp).suffix("77")]);
        assert_eq!(picked(&faults, Operation::Create, "whatsapp:+9779841234577"), 1);
        assert_eq!(picked(&faults, Operation::Create, "+9779841234577"), 0);
        assert_eq!(faults.pick(Operation::ContentList, None).latency, Duration::ZERO);
    }

    #[test]
    fn a_count_runs_out() {
        let faults = Faults::new(1, false);
        faults.add(vec![Rule::new(latency(1)).count(2)]);
        let seen: Vec<u128> = (0..3).map(|_| picked(&faults, Operation::List, "+1")).collect();
        assert_eq!(seen, [1, 1, 0]);
        assert_eq!(faults.states()[0].hits, 2);
    }

    #[test]
    fn a_probability_applies_to_its_share() {
        let faults = Faults::new(1, false);
        faults.add(vec![Rule::new(latency(1)).probability(0.25)]);
        let hits: u128 = (0..4000).map(|_| picked(&faults, Operation::Create, "+1")).sum();
        assert!((850..1150).contains(&hits), "{hits}");
    }

    #[test]
    fn a_rule_ends_with_its_time() {
        let faults = Faults::new(1, false);
        faults.add(vec![Rule::new(latency(1)).lasting(Duration::ZERO)]);
        assert_eq!(picked(&faults, Operation::Create, "+1"), 0);
    }

    #[test]
    fn suffixes_only_when_switched_on() {
        for (on, expected) in [(false, false), (true, true)] {
            let effects = Faults::new(1, on).pick(Operation::Create, Some("+9779841239001"));
            assert_eq!(effects.before.is_some(), expected);
        }
    }
}
