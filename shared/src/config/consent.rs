//! Whether a welcome needs a consent.

use super::{Env, settings};

/// Whether the welcome needs a consent of its own, beside the signup (`CONSENT_FOR_ONBOARDING`).
pub fn consent_required(env: &mut Env) -> bool {
    match env.text(&settings::CONSENT_FOR_ONBOARDING).as_str() {
        "off" => false,
        "required" => true,
        other => {
            env.fault(
                settings::CONSENT_FOR_ONBOARDING.name,
                format_args!("{other:?} is neither `off` nor `required`"),
            );
            true
        }
    }
}
