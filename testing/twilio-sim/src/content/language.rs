//! The languages that a template can have.

/// Languages of Meta's list of template languages, as of 2026, without their regions. Nepali is not among them.
const LANGUAGES: [&str; 67] = [
    "af", "ar", "az", "be", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fil",
    "fr", "ga", "gu", "ha", "he", "hi", "hr", "hu", "id", "it", "ja", "ka", "kk", "kn", "ko", "ky", "lo",
    "lt", "lv", "mk", "ml", "mr", "ms", "nb", "nl", "pa", "pl", "prs", "ps", "pt", "ro", "ru", "rw", "si",
    "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "zh", "zu",
];

/// Whether a template may have this language code, such as `hi` or `en_US`.
pub(super) fn is_language(code: &str) -> bool {
    let (language, region) = code.split_once('_').map_or((code, None), |(one, two)| (one, Some(two)));
    let region_is_real = region.is_none_or(|region| {
        (2..=3).contains(&region.len()) && region.bytes().all(|byte| byte.is_ascii_uppercase())
    });
    region_is_real && LANGUAGES.contains(&language)
}

#[cfg(test)]
mod tests {
    use super::is_language;

    #[test]
    fn nepali_is_not_a_template_language() {
        for code in ["hi", "en", "en_US", "es_CRI", "bn_IN"] {
            assert!(is_language(code), "{code}");
        }
        for code in ["ne", "ne_NP", "", "HI", "en_us", "hindi"] {
            assert!(!is_language(code), "{code}");
        }
    }
}
