//! Decoded fields of a query string or a form body.

use url::form_urlencoded;

/// Fields in the order sent; a name may repeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Decodes `application/x-www-form-urlencoded`: `+` is a space, invalid UTF-8 becomes U+FFFD.
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self { fields: form_urlencoded::parse(encoded).into_owned().collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The value unless the field is absent or empty, which Twilio treats alike.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All values that are not empty, in the order sent.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.fields.iter().filter(|(field, value)| field == name && !value.is_empty());
        values.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.fields.iter().filter(|(field, _)| field == name).count()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "true" || value == "1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_is_a_space_unless_escaped() {
        let form = Form::parse(b"To=+977984&From=%2B1500&Empty=&DateSent%3E=2026-11-22");
        assert_eq!(form.get("To"), Some(" 977984"));
        assert_eq!(form.get("From"), Some("+1500"));
        assert_eq!(form.get("DateSent>"), Some("2026-11-22"));
        assert_eq!((form.get("Empty"), form.filled("Empty")), (Some(""), None));
    }

    #[test]
    fn names_may_repeat() {
        let form = Form::parse(b"MediaUrl=a&MediaUrl=b");
        assert_eq!((form.get("MediaUrl"), form.count("MediaUrl")), (Some("a"), 2));
        assert_eq!(form.all("MediaUrl"), ["a", "b"]);
    }
}
