//! The strip at the top: this moment, in words and tones.

use shared::lane::{Lane, QueueLane};

use crate::{
    health::LaneState,
    http::dashboard::{Context, page_context::PageContext, texts::Tone},
    store::{counts::Summary, pauses::Pause},
    throttle::{Outage, Scope},
};

/// Below the first percentage of accepted messages an operator should look, below the second at once.
const FAIR: i64 = 95;
const POOR: i64 = 80;

/// One tile.
pub(super) struct Tile {
    pub(super) tone: Tone,
    pub(super) word: String,
    pub(super) more: &'static str,
}

/// One lane and its current load.
pub(super) struct LaneTile {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) waiting: i64,
    pub(super) tone: Tone,
    pub(super) word: String,
    pub(super) paused: bool,
}

/// The breaker of the fleet, as this worker last read it.
pub(super) fn breaker(context: &Context, view: &PageContext) -> Tile {
    let t = view.t;
    let state = *context.throttle.breaker.watch().borrow();
    let (tone, word, more) = match state.holds(Lane::Live) {
        None if context.throttle.breaker.holds_a_destination() => {
            ("warn", t.breaker_closed, t.breaker_country)
        }
        None => ("good", t.breaker_closed, t.breaker_closed_more),
        Some(_) if state.seeking => ("warn", t.breaker_half, t.breaker_half_more),
        Some(Scope::Account) => ("bad", t.breaker_open, t.breaker_account),
        Some(Scope::DailyCap) => ("bad", t.breaker_open, t.breaker_daily),
        Some(Scope::Network(kind)) => (
            "bad",
            t.breaker_open,
            match kind {
                Outage::Refused => t.breaker_refused,
                Outage::Reset => t.breaker_reset,
                Outage::Timeout => t.breaker_timeout,
                Outage::ServerError => t.breaker_server_error,
                Outage::Unreadable => t.breaker_unreadable,
                Outage::Mixed => t.breaker_network,
            },
        ),
    };
    Tile { tone, word: word.to_owned(), more }
}

/// How many of the last hour's calls Twilio accepted.
pub(super) fn success(view: &PageContext, summary: &Summary) -> Tile {
    let good = summary.calls.accepted_last_hour;
    let all = good + summary.calls.refused_last_hour + summary.calls.unknown_last_hour;
    let tone = match (good * 100).checked_div(all) {
        None => "",
        Some(FAIR..) => "good",
        Some(POOR..) => "warn",
        Some(_) => "bad",
    };
    let more = if all == 0 { view.t.no_calls } else { view.t.last_hour };
    Tile { tone, word: view.percent(good, all), more }
}

/// The lanes with a queue, and all others that are paused.
pub(super) fn lanes(
    context: &Context,
    view: &PageContext,
    summary: &Summary,
    pauses: &[Pause],
) -> Vec<LaneTile> {
    let tile = |lane: Lane| {
        let pause = pauses.iter().find(|p| p.lane == lane);
        let (tone, word) = match (pause, lane.queue()) {
            (Some(Pause { ends_at: None, .. }), _) => ("warn", view.t.lane_paused.to_owned()),
            (Some(Pause { ends_at: Some(end), .. }), _) => {
                ("warn", format!("{} {}", view.t.lane_paused_until, view.time(end)))
            }
            (None, Some(queue)) => running(view, context.health.lane_state(queue)),
            (None, None) => return None,
        };
        let depth = |queue| context.health.known_depth(queue).unwrap_or(0);
        Some(LaneTile {
            code: lane.as_str(),
            name: name(view, lane),
            // A user in the queue is `received` in the database as well only in the backfill lane.
            waiting: lane.queue().map_or(0, |queue| match queue {
                QueueLane::Live => summary.waiting_live + depth(queue),
                QueueLane::Backfill => summary.waiting_backfill.max(depth(queue)),
            }),
            tone,
            word,
            paused: pause.is_some(),
        })
    };
    Lane::ALL.into_iter().filter_map(tile).collect()
}

pub(super) fn name(view: &PageContext, lane: Lane) -> &'static str {
    match lane {
        Lane::Replies => view.t.lane_replies,
        Lane::Live => view.t.lane_live,
        Lane::Tips => view.t.lane_tips,
        Lane::Backfill => view.t.lane_backfill,
    }
}

fn running(view: &PageContext, state: LaneState) -> (Tone, String) {
    let t = view.t;
    match state {
        // A pause that ended a moment ago, or was lifted: it goes on within 2 s.
        LaneState::Consuming | LaneState::Paused(_) => ("good", t.lane_running.to_owned()),
        LaneState::Held => ("bad", t.lane_held.to_owned()),
        LaneState::Down => ("bad", t.lane_down.to_owned()),
        LaneState::Pausing => ("warn", t.lane_pausing.to_owned()),
        LaneState::OutsideHours { until, .. } => ("", format!("{} {}", t.lane_hours, view.time(&until))),
    }
}
