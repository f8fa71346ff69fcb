//! Stories as rows, one for each thing that happened.

use serde::Serialize;

use crate::cli::output::{self, Record};
use crate::story::{Event, Story};

/// One event, with whose it is.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    story: &'a Story,
    event: &'a Event,
}

/// Every event of every story.
pub(super) fn lines(stories: &[Story]) -> Vec<Line<'_>> {
    stories.iter().flat_map(|story| story.events.iter().map(move |event| Line { story, event })).collect()
}

impl Record for Line<'_> {
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
