//! The machine, versions and commit of a measurement.

use std::{fs, process::Command};

use sqlx::{Connection as _, PgConnection};

use crate::{services::Services, standin};

/// Prints machine, versions and commit.
pub(crate) async fn print(services: &Services, rounds: u32) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&services.database).await?;
    let setting = async |connection: &mut PgConnection, name: &str| {
        let sql = "SELECT current_setting($1)";
        sqlx::query_scalar::<_, String>(sql).bind(name).fetch_one(connection).await
    };
    let postgres = setting(&mut connection, "server_version").await?;
    let fsync = setting(&mut connection, "fsync").await?;
    let commit = setting(&mut connection, "synchronous_commit").await?;
    println!("machine    {} × {}, {} MiB", cores(), processor(), memory());
    println!("load       {} before the last run ended", load());
    println!("Postgres   {postgres}, fsync={fsync}, synchronous_commit={commit}");
    println!("RabbitMQ   {}", said("rabbitmqctl", &["version"]));
    println!("stand-in   {}", standin::kind());
    println!("rustc      {}", said("rustc", &["--version"]));
    println!("commit     {}", said("git", &["describe", "--always", "--dirty"]));
    println!("figures    medians of {rounds} round(s); CPU is user and system time per event\n");
    Ok(())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    model.map_or("unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

fn memory() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = info.lines().find_map(|l| l.strip_prefix("MemTotal:")?.trim().strip_suffix("kB"));
    kib.and_then(|kib| kib.trim().parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default();
    if text.is_empty() { "unknown".to_owned() } else { text }
}
