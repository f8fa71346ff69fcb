//! What an admin may want to know of a row: the lines of `--report`.

use super::found::{Found, Verdict};

/// The reason and what to do; none where all is well.
pub(super) fn of(found: &Found) -> Option<(&'static str, &'static str)> {
    match &found.verdict {
        Verdict::Bad(problem) => Some((problem.as_str(), problem.advice())),
        Verdict::Closed => Some(("inactive", "nothing: her account is closed, she is not stored")),
        Verdict::Repeated => Some(("repeated", "nothing: an earlier row says the same")),
        Verdict::Store(_) if found.opt_out.as_ref().is_some_and(|o| o.phone.is_none()) => Some((
            "opted_out_no_number",
            "correct the number: only a number that can be read can be suppressed",
        )),
        Verdict::Store(record) => record
            .number
            .err()
            .map(|why| (why.as_str(), "correct her number; she is stored, and not texted until then")),
    }
}
