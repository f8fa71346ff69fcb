//! Timelines as text and as rows.

use std::fmt::Write as _;

use serde::Serialize;
use shared::cli::output::{self, Record};

use crate::story::{Event, Story};

pub(super) fn text(story: &Story) -> String {
    let number = story.number.as_deref().unwrap_or("no usable number");
    let reason = story.reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default();
    let log = story.user_ref.as_deref().map(|r| format!("  in the log: {r}")).unwrap_or_default();
    let mut text =
        format!("user {}  {number}  {}, {}{reason}{log}\n", story.user, story.state, story.welcome);
    for event in &story.events {
        // Err, here and below: writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {}", output::time(event.at), event.what);
        if let Some(error) = &event.error {
            let _ = writeln!(text, "{:24}error {} ({}): {}", "", error.code, error.class, error.meaning);
        }
    }
    messages(&mut text, story);
    for consent in story.consents.iter().flatten() {
        let granted = if consent.granted { "yes" } else { "no" };
        let (purpose, channel, since) = (&consent.purpose, &consent.channel, output::time(consent.since));
        let _ = writeln!(
            text,
            "  consent to {purpose} by {channel}: {granted}, since {since}, from {}",
            consent.source
        );
    }
    for task in story.open_tasks.iter().flatten() {
        let _ =
            writeln!(text, "  open task {}: {}, since {}", task.task, task.kind, output::time(task.since));
    }
    text
}

fn messages(text: &mut String, story: &Story) {
    for message in &story.messages {
        let channel = message.channel.as_deref().map(|channel| format!(" by {channel}")).unwrap_or_default();
        let place =
            message.fallback_of.map(|first| format!(" in place of attempt {first}")).unwrap_or_default();
        let _ = write!(
            text,
            "  message {}  {}{channel}{place}: {}",
            output::time(message.created_at),
            message.kind,
            message.state
        );
        for more in [message.status.clone(), message.shown_reason()].into_iter().flatten() {
            let _ = write!(text, ", {more}");
        }
        let _ = writeln!(text);
    }
}

/// One event and the user it belongs to.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    story: &'a Story,
    event: &'a Event,
}

/// Every event of every story.
pub(super) fn rows(stories: &[Story]) -> Vec<Row<'_>> {
    stories.iter().flat_map(|story| story.events.iter().map(move |event| Row { story, event })).collect()
}

impl Record for Row<'_> {
    const COLUMNS: &'static [&'static str] =
        &["user", "number", "state", "welcome", "reason", "at", "what", "code", "class"];

    fn cells(&self) -> Vec<String> {
        let (story, event) = (self.story, self.event);
        let error = event.error.as_ref();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            story.user.clone(),
            text(&story.number),
            story.state.clone(),
            story.welcome.clone(),
            text(&story.reason),
            output::time(event.at),
            event.what.to_string(),
            error.map(|e| e.code.to_string()).unwrap_or_default(),
            error.map(|e| e.class.to_owned()).unwrap_or_default(),
        ]
    }
}
