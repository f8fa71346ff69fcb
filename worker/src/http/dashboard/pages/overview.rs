//! The first page: how it goes now, and how it went.

mod drawing;
mod tiles;

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

use self::{
    drawing::{Chart, History, Step},
    tiles::{LaneTile, Tile},
};
use crate::{
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        cached::Cached,
        texts::Advice,
        view::View,
    },
    store::{
        counts::{self, Summary},
        pauses::{self, Pause},
    },
};

/// Reasons that are shown; the rest are rare.
const REASONS: usize = 12;

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
    const ALL: [Window; 3] = [Window::Day, Window::Week, Window::Month];

    fn code(self) -> &'static str {
        match self {
            Window::Day => "24h",
            Window::Week => "7d",
            Window::Month => "30d",
        }
    }

    fn hours(self) -> i32 {
        match self {
            Window::Day => 24,
            Window::Week => 7 * 24,
            Window::Month => 30 * 24,
        }
    }

    /// Minutes of one point of a chart.
    fn step(self) -> i32 {
        match self {
            Window::Day => 10,
            Window::Week => 60,
            Window::Month => 360,
        }
    }
}

/// What was read lately, however many look at it.
pub(crate) struct Cache {
    summary: Cached<Summary>,
    pauses: Cached<Vec<Pause>>,
    histories: [Cached<Arc<History>>; 3],
}

impl Default for Cache {
    fn default() -> Self {
        let history = || Cached::new(Duration::from_secs(5));
        Self {
            summary: Cached::new(Duration::from_secs(2)),
            pauses: Cached::new(Duration::from_secs(2)),
            histories: [history(), history(), history()],
        }
    }
}

impl Cache {
    /// A person changed something: she sees it at once.
    pub(crate) async fn forget(&self) {
        self.summary.forget().await;
        self.pauses.forget().await;
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    window: Window,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    view: View,
    window: Window,
    windows: Vec<(&'static str, &'static str, bool)>,
    summary: Summary,
    per_day: i64,
    breaker: Tile,
    success: Tile,
    lanes: [LaneTile; 2],
    steps: Vec<Step>,
    charts: Vec<Chart>,
    reasons: Vec<Cause>,
}

/// Users who share a reason.
struct Cause {
    word: String,
    users: i64,
    advice: Advice,
}

pub(crate) async fn show(
    State(admin): State<Arc<Admin>>,
    view: View,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let window = query?.window;
    let (cache, pool) = (&admin.overview, admin.pool());
    let summary = cache.summary.get(async || counts::summary(&mut *pool.acquire().await?).await).await?;
    let pauses = cache.pauses.get(async || pauses::current(pool).await).await?;
    let history = &cache.histories[window as usize];
    let history = history.get(async || History::read(pool, window).await.map(Arc::new)).await?;
    let t = view.t;
    let name = |w| match w {
        Window::Day => t.window_day,
        Window::Week => t.window_week,
        Window::Month => t.window_month,
    };
    let cause = |(word, users): (&String, &i64)| Cause {
        word: word.clone(),
        users: *users,
        advice: view.advice(word),
    };
    let mut reasons: Vec<Cause> = history.reasons.iter().map(cause).collect();
    reasons.sort_by_key(|cause| std::cmp::Reverse(cause.users));
    reasons.truncate(REASONS);
    page(&Overview {
        window,
        windows: Window::ALL.into_iter().map(|w| (w.code(), name(w), w == window)).collect(),
        per_day: i64::from(admin.worker.config.pace.messages_per_day),
        breaker: tiles::breaker(&admin, &view),
        success: tiles::success(&view, &summary),
        lanes: tiles::lanes(&admin, &view, &summary, &pauses),
        steps: history.steps(&view),
        charts: history.charts(&view),
        summary,
        reasons,
        view,
    })
}
