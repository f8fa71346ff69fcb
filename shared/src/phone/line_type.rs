//! The type of a phone line.

use rlibphonenumber::PhoneNumberType;

use super::Rejection;

/// The type of a line, as libphonenumber distinguishes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineType {
    /// A landline.
    FixedLine,
    /// A mobile phone.
    Mobile,
    /// Fixed line or mobile: the plan does not distinguish them (the USA).
    FixedLineOrMobile,
    /// Free for the caller.
    TollFree,
    /// Expensive for the caller.
    PremiumRate,
    /// Paid by both sides.
    SharedCost,
    /// Voice over IP.
    Voip,
    /// A number that follows a person.
    PersonalNumber,
    /// A pager.
    Pager,
    /// A company's universal access number.
    Uan,
    /// A mailbox.
    Voicemail,
    /// Not in the numbering plan.
    Unknown,
}

impl LineType {
    /// libphonenumber's name of the type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FixedLine => "FIXED_LINE",
            Self::Mobile => "MOBILE",
            Self::FixedLineOrMobile => "FIXED_LINE_OR_MOBILE",
            Self::TollFree => "TOLL_FREE",
            Self::PremiumRate => "PREMIUM_RATE",
            Self::SharedCost => "SHARED_COST",
            Self::Voip => "VOIP",
            Self::PersonalNumber => "PERSONAL_NUMBER",
            Self::Pager => "PAGER",
            Self::Uan => "UAN",
            Self::Voicemail => "VOICEMAIL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Why lines of this type are rejected; `None` if they are texted.
    pub(super) fn refusal(self) -> Option<Rejection> {
        match self {
            Self::Mobile | Self::FixedLineOrMobile => None,
            Self::FixedLine => Some(Rejection::Landline),
            Self::Unknown => Some(Rejection::NotAssigned),
            _ => Some(Rejection::NotTextable),
        }
    }
}

impl From<PhoneNumberType> for LineType {
    fn from(kind: PhoneNumberType) -> Self {
        match kind {
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::Mobile => Self::Mobile,
            PhoneNumberType::FixedLineOrMobile => Self::FixedLineOrMobile,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::PersonalNumber,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::Uan,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => Self::Unknown,
        }
    }
}
