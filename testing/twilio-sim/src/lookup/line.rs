//! The package `line_type_intelligence`.

use rlibphonenumber::PhoneNumberType;
use serde::Serialize;

use super::verdict::Verdict;

/// Line type and carrier, in Twilio's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LineType {
    #[serde(rename = "type")]
    kind: Option<String>,
    carrier_name: Option<&'static str>,
    mobile_country_code: Option<&'static str>,
    mobile_network_code: Option<&'static str>,
    error_code: Option<u32>,
}

impl LineType {
    pub(super) fn of(verdict: &Verdict) -> Self {
        let carrier = carrier(&verdict.number).filter(|_| verdict.kind == PhoneNumberType::Mobile);
        Self {
            kind: verdict.errors.is_empty().then(|| name(verdict.kind).to_owned()),
            carrier_name: carrier.map(|(name, _)| name),
            mobile_country_code: carrier.map(|_| "429"),
            mobile_network_code: carrier.map(|(_, network)| network),
            error_code: None,
        }
    }

    /// The same line with another type.
    pub(super) fn typed(self, kind: &str) -> Self {
        Self { kind: Some(kind.to_owned()), ..self }
    }

    pub(super) fn failed(code: u32) -> Self {
        Self {
            kind: None,
            carrier_name: None,
            mobile_country_code: None,
            mobile_network_code: None,
            error_code: Some(code),
        }
    }
}

fn name(kind: PhoneNumberType) -> &'static str {
    match kind {
        PhoneNumberType::FixedLine => "landline",
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => "mobile",
        PhoneNumberType::TollFree => "tollFree",
        PhoneNumberType::PremiumRate => "premium",
        PhoneNumberType::SharedCost => "sharedCost",
        PhoneNumberType::VoIP => "nonFixedVoip",
        PhoneNumberType::PersonalNumber => "personal",
        PhoneNumberType::Pager => "pager",
        PhoneNumberType::UAN => "uan",
        PhoneNumberType::VoiceMail => "voicemail",
        PhoneNumberType::Unknown => "unknown",
    }
}

/// Carrier and mobile network code of a Nepal number, by its prefix in the numbering plan.
fn carrier(number: &str) -> Option<(&'static str, &'static str)> {
    match number.strip_prefix("+977")?.get(..3)? {
        "984" | "985" | "986" | "976" | "974" | "975" => Some(("Nepal Telecom", "01")),
        "980" | "981" | "982" | "970" | "971" | "900" => Some(("Ncell", "02")),
        "972" => Some(("United Telecom", "03")),
        "961" | "962" | "988" => Some(("Smart Telecom", "04")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriers_of_nepal() {
        for (number, name, network) in
            [("+9779841234567", "Nepal Telecom", "01"), ("+9779801234567", "Ncell", "02")]
        {
            let line = LineType::of(&Verdict::of(number, None));
            assert_eq!((line.carrier_name, line.mobile_network_code), (Some(name), Some(network)));
        }
    }

    #[test]
    fn fixed_lines_have_no_network() {
        let line = LineType::of(&Verdict::of("+97714512345", None));
        assert_eq!((line.kind.as_deref(), line.mobile_country_code), (Some("landline"), None));
    }
}
