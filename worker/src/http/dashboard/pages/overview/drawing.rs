//! The charts of the past: the funnel, the channels, and lines over time.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use shared::lane::Lane;
use sqlx::PgPool;

use super::{tiles, window::Window};
use crate::{
    http::dashboard::{
        charts::{self, Axis, Line},
        page_context::PageContext,
    },
    store::history::{self, ChannelFigures, Funnel, Reasons, Span},
};

/// The past of one window.
pub(super) struct History {
    window: Window,
    read_at: DateTime<Utc>,
    funnel: Funnel,
    pub(super) reasons: Reasons,
    pub(super) channels: Vec<ChannelFigures>,
    spans: Vec<Span>,
}

/// One step of the funnel.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) users: i64,
    /// Whole of the bar; at least one.
    pub(super) of: i64,
    pub(super) share: String,
}

/// One chart with its legend, each line with its latest or its total value.
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) legend: Vec<(&'static str, String)>,
    pub(super) svg: String,
}

impl History {
    pub(super) async fn read(pool: &PgPool, window: Window) -> Result<Self, sqlx::Error> {
        let (funnel, reasons) = history::funnel(pool, window.hours()).await?;
        let channels = history::channels(pool, window.hours()).await?;
        let spans = history::spans(pool, window.hours(), window.step()).await?;
        Ok(Self { window, read_at: Utc::now(), funnel, reasons, channels, spans })
    }

    pub(super) fn steps(&self, view: &PageContext) -> Vec<Step> {
        let (t, f) = (view.t, self.funnel);
        let steps = [
            (t.step_received, f.received),
            (t.step_valid, f.valid),
            (t.step_registered, f.registered),
            (t.step_accepted, f.accepted),
            (t.step_delivered, f.delivered),
        ];
        let step = |(name, users)| Step {
            name,
            users,
            of: f.received.max(1),
            share: view.percent(users, f.received),
        };
        steps.into_iter().map(step).collect()
    }

    pub(super) fn charts(&self, view: &PageContext) -> Vec<Chart> {
        vec![self.throughput(view), self.latency(view), self.depth(view)]
    }

    fn throughput(&self, view: &PageContext) -> Chart {
        let t = view.t;
        let sum = |value: fn(&Span) -> i64| view.n(&self.spans.iter().map(value).sum::<i64>());
        // Per minute, so that the unfinished last span compares with the others.
        let rate = |span: &Span, value: fn(&Span) -> i64| float(value(span)) / float(span.minutes);
        let line =
            |value: fn(&Span) -> i64| self.line(move |span| Some(span.map_or(0.0, |s| rate(s, value))));
        Chart {
            title: t.throughput,
            legend: vec![
                (t.accepted, sum(|s| s.accepted)),
                (t.delivered, sum(|s| s.delivered)),
                (t.not_delivered, sum(|s| s.not_delivered)),
            ],
            svg: self.draw(view, &[line(|s| s.accepted), line(|s| s.delivered), line(|s| s.not_delivered)]),
        }
    }

    fn latency(&self, view: &PageContext) -> Chart {
        let t = view.t;
        let latest = |value: fn(&Span) -> Option<f64>| {
            self.spans.iter().rev().find_map(value).map_or_else(|| "–".to_owned(), |s| view.span(s))
        };
        let line = |value: fn(&Span) -> Option<f64>| self.line(move |span| span.and_then(value));
        Chart {
            title: t.latency,
            legend: vec![(t.median, latest(|s| s.latency_median)), (t.p95, latest(|s| s.latency_p95))],
            svg: self.draw(view, &[line(|s| s.latency_median), line(|s| s.latency_p95)]),
        }
    }

    fn depth(&self, view: &PageContext) -> Chart {
        let latest = |value: fn(&Span) -> Option<i64>| {
            self.spans.iter().rev().find_map(value).map_or_else(|| "–".to_owned(), |n| view.n(&n))
        };
        let line = |value: fn(&Span) -> Option<i64>| self.line(move |span| span.and_then(value).map(float));
        Chart {
            title: view.t.depth,
            legend: vec![
                (tiles::name(view, Lane::Live), latest(|s| s.live_ready)),
                (tiles::name(view, Lane::Backfill), latest(|s| s.backfill_ready)),
            ],
            svg: self.draw(view, &[line(|s| s.live_ready), line(|s| s.backfill_ready)]),
        }
    }

    /// A point for every step of the window, also for those without a row.
    fn line(&self, value: impl Fn(Option<&Span>) -> Option<f64>) -> Line {
        let (from, to) = self.bounds();
        let step = TimeDelta::minutes(i64::from(self.window.step()));
        let first = from.duration_trunc(step).unwrap_or(from) + step;
        let mut spans = self.spans.iter().peekable();
        let points = (0..).map(|i| first + step * i).take_while(|at| *at <= to);
        points
            .map(|at| {
                while spans.next_if(|span| span.at < at).is_some() {}
                (at, value(spans.peek().copied().filter(|span| span.at == at)))
            })
            .collect()
    }

    fn bounds(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.read_at - TimeDelta::hours(i64::from(self.window.hours())), self.read_at)
    }

    fn draw(&self, view: &PageContext, lines: &[Line]) -> String {
        let (from, to) = self.bounds();
        charts::draw(Axis { lang: view.preferences.lang, from, to }, lines)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of messages, drawn")]
fn float(count: i64) -> f64 {
    count as f64
}
