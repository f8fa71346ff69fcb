//! The table.

use crate::{
    measure::Steady,
    percentile::{count, median},
};

/// One measured thing. What a scenario does not measure stays empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Events, rows or numbers.
    pub(crate) per_second: Option<f64>,
    /// Of the bare pipeline, or of what the given latency allows; 1 is all of it.
    pub(crate) share: Option<f64>,
    /// Microseconds per event: our program, stand-in, Postgres, RabbitMQ.
    pub(crate) cpu: [Option<f64>; 4],
    /// Milliseconds.
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    /// MiB
    pub(crate) memory: Option<f64>,
    pub(crate) note: String,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// With what the steady part showed.
    pub(crate) fn steady(name: impl Into<String>, steady: Steady) -> Self {
        Self {
            per_second: Some(steady.per_second),
            cpu: [Some(steady.own_cpu), Some(steady.stand_in_cpu), steady.postgres_cpu, steady.broker_cpu],
            memory: Some(steady.peak_memory),
            ..Self::new(name)
        }
    }

    fn values(&self) -> [Option<f64>; COLUMNS] {
        let [own, stand_in, postgres, broker] = self.cpu;
        let share = self.share.map(|share| share * 100.0);
        [self.per_second, share, own, stand_in, postgres, broker, self.p50, self.p99, self.memory]
    }
}

const COLUMNS: usize = 9;
const HEADINGS: [&str; COLUMNS] = [
    "per second",
    "share",
    "own CPU µs",
    "stand-in µs",
    "Postgres µs",
    "RabbitMQ µs",
    "p50 ms",
    "p99 ms",
    "peak MiB",
];

/// Everything measured, by scenario, round by round.
pub(crate) struct Report {
    rows: Vec<(String, Vec<Row>)>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, rows: Vec<Row>) {
        for row in rows {
            eprintln!("  {}", line(&row.name, row.values(), &row.note));
            match self.rows.iter_mut().find(|(name, _)| *name == row.name) {
                Some((_, all)) => all.push(row),
                None => self.rows.push((row.name.clone(), vec![row])),
            }
        }
    }

    /// A Markdown table of medians.
    pub(crate) fn print(&self) {
        println!("| scenario | {} | |", HEADINGS.join(" | "));
        println!("|---|{}---|", "---:|".repeat(COLUMNS));
        for (name, rows) in &self.rows {
            let medians = std::array::from_fn(|column| {
                let mut values: Vec<f64> = rows.iter().filter_map(|row| row.values()[column]).collect();
                median(&mut values)
            });
            let note = rows.last().map_or("", |row| &row.note);
            println!("{}", line(name, medians, note));
        }
    }
}

fn line(name: &str, values: [Option<f64>; COLUMNS], note: &str) -> String {
    let cells: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(column, value)| value.map_or(String::new(), |v| cell(column, v)))
        .collect();
    format!("| {name} | {} | {note} |", cells.join(" | "))
}

fn cell(column: usize, value: f64) -> String {
    match column {
        0 => thousands(value),
        1 => format!("{value:.0} %"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// With commas, as in 15,000.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The rate of `n` events in `took`, per second.
pub(crate) fn per_second(n: u32, took: std::time::Duration) -> f64 {
    count(n as usize) / took.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(thousands(15_000.4), "15,000");
        assert_eq!(thousands(7.0), "7");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        let row = Row { share: Some(0.614), p99: Some(9.25), note: "x".into(), ..Row::new("a") };
        assert_eq!(line(&row.name, row.values(), &row.note), "| a |  | 61 % |  |  |  |  |  | 9.2 |  | x |");
    }
}
