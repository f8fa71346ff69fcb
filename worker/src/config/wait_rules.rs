//! When messages wait for the person's day, and whether a welcome waits for a consent.

use chrono_tz::Tz;
use shared::{
    config::{Env, consent_required, settings},
    window::QuietHours,
};

/// What holds messages back that could be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitRules {
    /// None: no message waits for the day.
    pub(crate) quiet_hours: Option<QuietHours>,
    /// Welcomes of live signups wait for the day, too.
    pub(crate) quiet_welcomes: bool,
    /// A signup alone does not count as consent to the welcome.
    pub(crate) consent_required: bool,
}

impl WaitRules {
    pub(super) fn read(env: &mut Env) -> Self {
        let zone = zone(env);
        let text = env.text(&settings::QUIET_HOURS);
        let quiet_hours = QuietHours::parse(&text, zone).unwrap_or_else(|why| {
            env.fault(settings::QUIET_HOURS.name, format_args!("{text:?}: {why}"));
            None
        });
        Self {
            quiet_hours,
            quiet_welcomes: env.flag(&settings::WELCOME_QUIET),
            consent_required: consent_required(env),
        }
    }
}

fn zone(env: &mut Env) -> Tz {
    let name = env.text(&settings::DEFAULT_TIME_ZONE);
    name.parse().unwrap_or_else(|_| {
        let why = format_args!("{name:?} is not a time zone such as Asia/Kathmandu");
        env.fault(settings::DEFAULT_TIME_ZONE.name, why);
        Tz::Asia__Kathmandu
    })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn read(extra: &[(&str, &str)]) -> Result<WaitRules, shared::config::Faults> {
        let mut env = Env::of(extra.iter().copied());
        let rules = WaitRules::read(&mut env);
        env.finish(rules)
    }

    #[test]
    fn the_defaults_hold_tips_back_at_night_and_no_welcome() {
        let rules = read(&[]).unwrap();
        let night: DateTime<Utc> = "2026-12-01T23:00:00+05:45".parse().unwrap();
        assert!(rules.quiet_hours.unwrap().end(night, None).is_some());
        assert!(!rules.quiet_welcomes && !rules.consent_required);
        let abroad = read(&[("DEFAULT_TIME_ZONE", "America/New_York")]).unwrap();
        assert_eq!(abroad.quiet_hours.unwrap().end(night, None), None);
        assert_eq!(read(&[("QUIET_HOURS", "off")]).unwrap().quiet_hours, None);
        assert!(read(&[("CONSENT_FOR_ONBOARDING", "required")]).unwrap().consent_required);
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        for (name, value) in [
            ("DEFAULT_TIME_ZONE", "Nepal/Kathmandu"),
            ("QUIET_HOURS", "20-7"),
            ("QUIET_HOURS", "00:00-24:00"),
            ("WELCOME_QUIET", "perhaps"),
            ("CONSENT_FOR_ONBOARDING", "yes"),
        ] {
            let faults = read(&[(name, value)]).unwrap_err().to_string();
            assert!(faults.contains(name), "{faults}");
        }
    }
}
