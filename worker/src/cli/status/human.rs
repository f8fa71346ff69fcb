//! A story as lines to read.

use std::fmt::Write as _;

use chrono::SecondsFormat;

use crate::story::Story;

pub(super) fn lines(story: &Story) -> String {
    let number = story.number.as_deref().unwrap_or("no usable number");
    let reason = story.reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default();
    let mut text = format!("user {}  {number}  {}, {}{reason}\n", story.user, story.state, story.welcome);
    for event in &story.events {
        let at = event.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        // Err: writing to a String cannot fail.
        let _ = writeln!(text, "  {at}  {}", event.what);
        if let Some(error) = &event.error {
            let _ = writeln!(text, "{:24}error {} ({}): {}", "", error.code, error.class, error.meaning);
        }
    }
    text
}
