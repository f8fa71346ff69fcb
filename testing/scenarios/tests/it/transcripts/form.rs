//! What a printed line looks like, whatever varies from run to run.

use std::sync::LazyLock;

use regex::Regex;

/// Patterns of text that varies, with their placeholders. They apply in this order.
const VARY: [(&str, &str); 14] = [
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", "TIME"),
    (r"\d{4}-\d\d-\d\d", "DAY"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\b[A-Z]{2}[0-9a-f]{32}\b", "SID"),
    (r"(Run|--run|--resume) [0-9a-f]{8}\b", "$1 RUN"),
    (r"\b(PostgreSQL|RabbitMQ) [\d.]+", "$1 VERSION"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\b[\d.]+ (ms|s|seconds?|minutes?|hours?)\b", "SPAN"),
    (r"\b[\d,.]+ (users |events )?a second\b", "RATE"),
    (r"\b\d+ of \d+ applied\b", "SOME applied"),
    (r"\b\d+ of \d+ in use\b", "SOME in use"),
    (r"\b(open|closed) until\b", "HOURS until"),
    (r"\b\d+ bytes\b", "SIZE"),
    (r"\s+", " "),
];

static FORMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    VARY.iter().map(|(pattern, form)| (Regex::new(pattern).expect("a pattern"), *form)).collect()
});

/// The line with everything that varies replaced.
pub(super) fn of(line: &str) -> String {
    FORMS
        .iter()
        .fold(line.trim().to_owned(), |text, (pattern, form)| pattern.replace_all(&text, *form).into_owned())
}

/// The first id in a line.
pub(super) fn id(line: &str) -> Option<&str> {
    FORMS.iter().find(|(_, form)| *form == "ID")?.0.find(line).map(|found| found.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_has_one_form() {
        assert_eq!(of("  ✓ reachable     in 210 ms"), of("  ✓ reachable  in 9 ms"));
        assert_eq!(
            of("until 2026-11-25 20:00 Asia/Kathmandu = 2026-11-25T14:15:00Z"),
            "until TIME Asia/Kathmandu = TIME"
        );
        assert_eq!(of("attempt 01a20513-38ef-774e-a139-4de56368f85a: x"), "attempt ID: x");
        assert_ne!(of("3 users"), of("4 users"));
        assert_eq!(
            id("--resume 01a20513-38ef-774e-a139-4de56368f85a"),
            Some("01a20513-38ef-774e-a139-4de56368f85a")
        );
    }
}
