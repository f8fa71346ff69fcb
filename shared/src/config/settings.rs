//! The table of all settings. `docs/configuration.md`, the defaults and the texts of faults come from it.
#![expect(missing_docs, reason = "the help text of a setting is its documentation")]

mod dashboard;
mod erasure;
mod inbox;
mod infrastructure;
mod sending;
mod stop_links;
mod twilio;
mod whatsapp;

pub use dashboard::*;
pub use erasure::*;
pub use inbox::*;
pub use infrastructure::*;
pub use sending::*;
pub use stop_links::*;
pub use twilio::*;
pub use whatsapp::*;

use std::fmt::Write as _;

use super::Setting;

const INTRODUCTION: &str = include_str!("settings/page.md");
const COMMANDS: &str = include_str!("settings/page_commands.md");

/// A section of the page.
pub(super) struct Section {
    headline: &'static str,
    introduction: &'static str,
    pub(super) settings: &'static [Setting],
}

/// All sections, in the order of the page.
pub(super) const SECTIONS: [Section; 12] = [
    infrastructure::ENDPOINTS,
    twilio::TWILIO,
    stop_links::STOP_LINKS,
    whatsapp::WHATSAPP,
    inbox::INBOX,
    sending::RECIPIENTS,
    sending::PACE,
    sending::RETRIES,
    infrastructure::RETENTION,
    erasure::ERASURE,
    dashboard::DASHBOARD,
    infrastructure::RUNNING,
];

/// The content of `docs/configuration.md`.
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for Section { headline, introduction, settings } in SECTIONS {
        let _infallible = write!(page, "\n## {headline}\n\n");
        if !introduction.is_empty() {
            let _infallible = write!(page, "{introduction}\n\n");
        }
        page.push_str("| variable | default | |\n|---|---|---|\n");
        page.extend(settings.iter().map(row));
    }
    page + COMMANDS
}

fn row(setting: &Setting) -> String {
    let mark = if setting.secret { " ⚿" } else { "" };
    let default = match (setting.default, setting.only_for) {
        (Some(""), _) => "empty".to_owned(),
        (Some(default), _) => format!("`{default}`"),
        (None, Some(command)) => format!("required by {command}"),
        (None, None) => "required".to_owned(),
    };
    format!("| `{}`{mark} | {default} | {} |\n", setting.name, setting.help)
}
