//! `signup relay`: from the portal's outbox to RabbitMQ, with metrics at `RELAY_OPS_ADDR` if it is set.

use std::{net::SocketAddr, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use producer::{
    cli::{Exit, Failure, interruption, json_line, print_line},
    relay::{self, Settings},
};
use shared::{
    config::{Env, Fault, Faults, insecure_allowed, settings::RELAY_OPS_ADDR},
    telemetry,
    telemetry::metric::{self, Exporter, Kind},
};

const COLLECT_EVERY: Duration = Duration::from_secs(15);

/// Relays until a signal stops the command, or once.
pub(crate) async fn run(once: bool) -> Result<Exit, Failure> {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let settings = Settings::read(&mut env, insecure);
    let ops: Option<SocketAddr> = env.optional(&RELAY_OPS_ADDR).and_then(|_| env.parse(&RELAY_OPS_ADDR));
    let log_format = telemetry::log_format(&mut env);
    let settings = env.finish(settings)?;
    telemetry::init(log_format);
    let stop = interruption()?;
    let stats = if once {
        relay::run_once(settings, &stop).await?
    } else {
        if let Some(address) = ops {
            serve_metrics(address)?;
        }
        relay::run(settings.with_gauges(ops.is_some()), &stop).await?
    };
    print_line(&json_line(&stats))?;
    Ok(if once && stats.failed > 0 { Exit::SomeFailed } else { Exit::Done })
}

/// Serves `/metrics` on `address` until the process ends.
fn serve_metrics(address: SocketAddr) -> Result<(), Failure> {
    install(address).map_err(|why| {
        let what = format!("{address} cannot be used: {why}. Stop what holds it, or set another address");
        Failure::from(Faults(vec![Fault { name: RELAY_OPS_ADDR.name.to_owned(), what }]))
    })?;
    let process = metrics_process::Collector::default();
    process.describe();
    tokio::spawn(async move {
        loop {
            process.collect();
            tokio::time::sleep(COLLECT_EVERY).await;
        }
    });
    Ok(())
}

fn install(address: SocketAddr) -> Result<(), BuildError> {
    let builder = PrometheusBuilder::new().with_http_listener(address);
    let builder =
        metric::of(&[Exporter::Publisher]).try_fold(builder, |builder, metric| match metric.kind {
            Kind::Histogram(bounds) => {
                builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
            }
            _ => Ok(builder),
        })?;
    builder.install()?;
    metric::describe(metric::of(&[Exporter::Publisher, Exporter::Relay]));
    Ok(())
}
