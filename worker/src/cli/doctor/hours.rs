//! The window of the backfill lane: its time zone, and when it opens and closes.

use chrono::{DateTime, SecondsFormat, Utc};
use shared::{
    config::{Env, settings::BACKFILL_WINDOW},
    window::Window,
};

use super::finding::Findings;

pub(super) async fn check(found: &mut Findings) {
    let mut env = Env::of_process();
    let window = env.parse_blank::<Window>(&BACKFILL_WINDOW);
    let (Ok(()), Some(window)) = (env.finish(()), window) else {
        return found.skipped("window", "not read: see BACKFILL_WINDOW above");
    };
    check_window(found, &window, Utc::now());
}

fn check_window(found: &mut Findings, window: &Window, now: DateTime<Utc>) {
    if *window == Window::Always {
        return found.passed("window", "BACKFILL_WINDOW is empty: stored users are welcomed at any hour");
    }
    found.passed("zone", format!("now {}", both(window, now)));
    match window.next_closing(now) {
        Some(closing) if window.contains(now) => {
            found.passed("window", format!("{window}: open until {}", both(window, closing)));
        }
        _ => {
            let opening = window.next_opening(now);
            found.passed("window", format!("{window}: closed until {}", both(window, opening)));
        }
    }
}

/// The time in the window's zone and in UTC.
fn both(window: &Window, at: DateTime<Utc>) -> String {
    format!("{} = {}", window.local(at), at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(window: &str, now: &str) -> Vec<String> {
        let mut found = Findings::default();
        check_window(&mut found, &window.parse().unwrap(), now.parse().unwrap());
        found.into_vec().into_iter().map(|f| f.text).collect()
    }

    #[test]
    fn opening_and_closing_are_shown_in_both_zones() {
        let hours = "08:00-20:00 Asia/Kathmandu";
        let open = texts(hours, "2026-11-25T04:00:00Z");
        assert_eq!(open[0], "now 2026-11-25 09:45 Asia/Kathmandu = 2026-11-25T04:00:00Z");
        assert_eq!(
            open[1],
            format!("{hours}: open until 2026-11-25 20:00 Asia/Kathmandu = 2026-11-25T14:15:00Z")
        );
        let closed = texts(hours, "2026-11-25T14:15:00Z");
        assert_eq!(
            closed[1],
            format!("{hours}: closed until 2026-11-26 08:00 Asia/Kathmandu = 2026-11-26T02:15:00Z")
        );
        assert_eq!(texts("", "2026-11-25T04:00:00Z").len(), 1);
    }
}
