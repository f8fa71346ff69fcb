//! The first page: how it goes now, and how it went.

mod cache;
mod drawing;
mod tiles;
mod window;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

pub(crate) use cache::Cache;

use self::{
    drawing::{Chart, History, Step},
    tiles::{LaneTile, Tile},
    window::Window,
};
use crate::{
    config::Act,
    http::dashboard::{
        Admin,
        answer::{Failure, page},
        page_context::PageContext,
        texts::Advice,
    },
    store::{
        counts::{self, Summary},
        history::ChannelFigures,
        inbox_pages::{self, Waiting},
        pauses,
    },
};

/// Reasons that are shown; the rest are rare.
const REASONS: usize = 12;

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    window: Window,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    view: PageContext,
    window: Window,
    windows: Vec<(&'static str, &'static str, bool)>,
    summary: Summary,
    inbox: Waiting,
    per_day: i64,
    breaker: Tile,
    success: Tile,
    lanes: Vec<LaneTile>,
    steps: Vec<Step>,
    channels: Vec<ChannelFigures>,
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
    view: PageContext,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let window = query?.window;
    let (cache, pool) = (&admin.overview, admin.pool());
    let summary = cache.summary.get(async || counts::summary(&mut *pool.acquire().await?).await).await?;
    let inbox = cache.inbox.get(async || inbox_pages::waiting(pool).await).await?;
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
        per_day: i64::from(admin.context.messages_per_day),
        breaker: tiles::breaker(&admin.context, &view),
        success: tiles::success(&view, &summary),
        lanes: tiles::lanes(&admin.context, &view, &summary, &pauses),
        steps: history.steps(&view),
        channels: history.channels.clone(),
        charts: history.charts(&view),
        summary,
        inbox,
        reasons,
        view,
    })
}
