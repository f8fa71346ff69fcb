//! Who is welcomed, and in which language.

use super::{Section, Setting};

pub(super) const AUDIENCE: Section = Section {
    headline: "Whom and what",
    introduction: "",
    settings: &[REGISTRATION_METHOD, DEFAULT_REGION, DEFAULT_LANGUAGE, ALLOWED_COUNTRIES],
};

pub const REGISTRATION_METHOD: Setting =
    Setting::new("REGISTRATION_METHOD", "lookup", "`lookup` asks Twilio Lookup first, `none` does not");

pub const DEFAULT_REGION: Setting =
    Setting::new("DEFAULT_REGION", "NP", "region of numbers written without a country code");

pub const DEFAULT_LANGUAGE: Setting = Setting::new(
    "DEFAULT_LANGUAGE",
    "ne",
    "language of the welcome (`ne`, `en`) when the portal names none that we have",
);

pub const ALLOWED_COUNTRIES: Setting = Setting::new(
    "ALLOWED_COUNTRIES",
    "*",
    "comma-separated ISO 3166 codes that may be texted, or `*`; other numbers are `rejected`, `country_not_allowed`",
);
