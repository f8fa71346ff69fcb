//! Twilio's identifiers: two letters and 32 hexadecimal digits.

use std::fmt;

/// An identifier has the wrong form. The value itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {prefixes} followed by 32 hexadecimal digits, as shown in the Twilio console")]
pub(crate) struct SidError {
    prefixes: &'static str,
}

fn has_form(text: &str, prefixes: &[&str]) -> bool {
    prefixes
        .iter()
        .filter_map(|prefix| text.strip_prefix(prefix))
        .any(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $prefixes:expr, $said:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub(crate) struct $name(Box<str>);

        impl $name {
            /// Surrounding white space is dropped.
            pub(crate) fn parse(text: &str) -> Result<Self, SidError> {
                let text = text.trim();
                if has_form(text, &$prefixes) { Ok(Self(text.into())) } else { Err(SidError { prefixes: $said }) }
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sid!(
    /// An account, `AC…`.
    AccountSid, ["AC"], "AC"
);
sid!(
    /// An API key, `SK…`.
    KeySid, ["SK"], "SK"
);
sid!(
    /// A messaging service, `MG…`.
    ServiceSid, ["MG"], "MG"
);
sid!(
    /// A message, `SM…` or `MM…`.
    MessageSid, ["SM", "MM"], "SM or MM"
);
sid!(
    /// A file of a message, `ME…`.
    MediaSid, ["ME"], "ME"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_its_own_prefixes_with_32_hex_digits() {
        let digits = "0123456789abcdefABCDEF0000000001";
        assert_eq!(MessageSid::parse(&format!("SM{digits}\n")).unwrap().as_str(), format!("SM{digits}"));
        assert!(MessageSid::parse(&format!("MM{digits}")).is_ok());
        assert!(AccountSid::parse(&format!("AC{digits}")).is_ok());
        assert!(KeySid::parse(&format!("SK{digits}")).is_ok());
        assert_eq!(ServiceSid::parse(&format!("MG{digits}")).unwrap().to_string(), format!("MG{digits}"));
    }

    #[test]
    fn refuses_anything_else_without_repeating_it() {
        let digits = "0".repeat(32);
        for text in [
            String::new(),
            "AC".into(),
            format!("ac{digits}"),
            format!("SM{digits}"),
            format!("AC{digits}0"),
            format!("AC{}", "g".repeat(32)),
            format!("AC{}", "é".repeat(16)),
        ] {
            let error = AccountSid::parse(&text).unwrap_err().to_string();
            assert_eq!(error, "must be AC followed by 32 hexadecimal digits, as shown in the Twilio console");
        }
        assert!(MessageSid::parse(&format!("AC{digits}")).is_err());
    }
}
