//! How much of the past the page shows.

use serde::Deserialize;

/// What the page shows of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum Window {
    #[default]
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
}

impl Window {
    pub(super) const ALL: [Window; 3] = [Window::Day, Window::Week, Window::Month];

    pub(super) fn code(self) -> &'static str {
        match self {
            Window::Day => "24h",
            Window::Week => "7d",
            Window::Month => "30d",
        }
    }

    pub(super) fn hours(self) -> i32 {
        match self {
            Window::Day => 24,
            Window::Week => 7 * 24,
            Window::Month => 30 * 24,
        }
    }

    /// Minutes of one point of a chart.
    pub(super) fn step(self) -> i32 {
        match self {
            Window::Day => 10,
            Window::Week => 60,
            Window::Month => 360,
        }
    }
}
