//! Metrics of queues, database and process of one worker.

use super::labels::{EVERY_LANE, LANE, listed};
use crate::telemetry::metric::{
    Exporter::{Process, Publisher, Worker},
    Kind::{Counter, Gauge, Histogram},
    Label, Metric, SHORT, Words,
};

pub(super) const INFRASTRUCTURE: &[Metric] = &[
    Metric::new("onboarding_amqp_connected", Gauge, Worker, "1 while the lane is consumed").labels(&[LANE]),
    Metric::new("onboarding_amqp_reconnects_total", Counter, Worker, "broken sessions").labels(&[LANE]),
    Metric::new("onboarding_lane_paused", Gauge, Worker, "1 while a person has paused the lane")
        .labels(&[EVERY_LANE]),
    Metric::new(
        "onboarding_queue_ready",
        Gauge,
        Worker,
        "messages ready in the lane's queue, measured every 5 s while it is consumed",
    )
    .labels(&[LANE]),
    Metric::new("onboarding_published_events_total", Counter, Publisher, "events published")
        .labels(&[listed("result", &["confirmed", "returned", "nacked", "timeout", "unavailable"])]),
    Metric::new(
        "onboarding_publish_confirm_seconds",
        Histogram(SHORT),
        Publisher,
        "from publishing a batch of events to the last confirm",
    ),
    Metric::new("onboarding_db_pool_connections", Gauge, Worker, "connections to Postgres")
        .labels(&[listed("state", &["idle", "used"])]),
    Metric::new("onboarding_build_info", Gauge, Worker, "always 1")
        .labels(&[Label { name: "version", words: Words::Described("of the program") }]),
    Metric::new("process_start_time_seconds", Gauge, Process, "Unix time of the start"),
    Metric::new("process_cpu_seconds_total", Counter, Process, "CPU time, user and system").on_first_event(),
    Metric::new("process_resident_memory_bytes", Gauge, Process, "memory in use"),
    Metric::new("process_virtual_memory_bytes", Gauge, Process, "address space"),
    Metric::new("process_virtual_memory_max_bytes", Gauge, Process, "limit of the address space"),
    Metric::new("process_open_fds", Gauge, Process, "open file descriptors"),
    Metric::new("process_max_fds", Gauge, Process, "limit of file descriptors"),
    Metric::new("process_threads", Gauge, Process, "threads"),
];
