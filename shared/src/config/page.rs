//! `docs/configuration.md`.

use std::fmt::Write as _;

use super::{
    Setting,
    settings::{SECTIONS, Section},
};

const INTRODUCTION: &str = include_str!("page.md");
const COMMANDS: &str = include_str!("page_commands.md");

/// The page, as it is to be in `docs/`.
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
