//! What a process has used, from /proc.

use std::{fs, time::Duration};

use anyhow::Context as _;

/// Clock ticks per second in /proc; Linux shows them to programs as 100 whatever its own (proc(5)).
const TICKS: u64 = 100;

/// User and system time of a process so far, all its threads.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid}"))?;
    // The name may hold blanks and brackets; what follows its last bracket does not.
    let fields: Vec<&str> = stat.rsplit_once(')').context("stat")?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|t| t.parse::<u64>().ok()).context("stat");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS))
}

/// The most memory it ever held, in MiB.
pub(crate) fn peak_memory(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}

/// Processes of this name.
pub(crate) fn named(name: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| is_named(*pid, name)).collect()
}

/// Whether that process has this name.
pub(crate) fn is_named(pid: u32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let me = std::process::id();
        assert!(cpu(me).is_ok());
        assert!(peak_memory(me).unwrap() > 1.0);
    }
}
