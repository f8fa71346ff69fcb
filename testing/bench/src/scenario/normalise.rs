//! Reading numbers as typed: this program's reader, the `phonenumber` crate, and Python's phonenumbers.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use shared::phone::{Region, escape, normalise, warm_up};

use crate::report::Row;

/// 3,150 forms of all regions, 150 of them of Nepal for each.
const VECTORS: &str = include_str!("../../../../shared/tests/data/phone-vectors.tsv");
const PYTHON: &str = include_str!("normalise.py");
const MEASURE_FOR: Duration = Duration::from_secs(1);

struct Form {
    region: String,
    text: String,
}

pub(super) fn run() -> Vec<Row> {
    warm_up();
    let all = forms();
    let nepal: Vec<&Form> = all.iter().filter(|form| form.region == "NP").collect();
    let all: Vec<&Form> = all.iter().collect();
    let mut rows = Vec::new();
    for (name, forms) in [("Nepal", nepal), ("all regions", all)] {
        rows.push(row(&format!("normalise, {name}"), ours(&forms)));
        rows.push(row(&format!("crate phonenumber, {name}"), crate_phonenumber(&forms)));
        match python(&forms) {
            Ok(each) => rows.push(row(&format!("Python phonenumbers, {name}"), each)),
            Err(error) => eprintln!("  Python is left out: {error:#}"),
        }
    }
    rows
}

fn row(name: &str, each: Duration) -> Row {
    let mut row = Row::new(name);
    row.per_second = Some(1.0 / each.as_secs_f64());
    row.cpu[0] = Some(each.as_secs_f64() * 1e6);
    row
}

fn forms() -> Vec<Form> {
    let lines = VECTORS.lines().skip(1).filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (text, region) = (columns.next()?, columns.next().filter(|region| !region.is_empty())?);
            Some(Form { region: region.to_owned(), text: escape::unescape(text).ok()?.into_owned() })
        })
        .collect()
}

fn ours(forms: &[&Form]) -> Duration {
    let forms: Vec<(&str, Region)> =
        forms.iter().map(|f| (f.text.as_str(), f.region.parse().unwrap_or(Region::NEPAL))).collect();
    each(forms.len(), || {
        for (text, region) in &forms {
            std::hint::black_box(normalise(text, *region).is_ok());
        }
    })
}

fn crate_phonenumber(forms: &[&Form]) -> Duration {
    let forms: Vec<(&str, Option<phonenumber::country::Id>)> =
        forms.iter().map(|f| (f.text.as_str(), f.region.parse().ok())).collect();
    each(forms.len(), || {
        for (text, region) in &forms {
            let read = phonenumber::parse(*region, text).ok().filter(phonenumber::is_valid);
            std::hint::black_box(read.map(|n| n.format().mode(phonenumber::Mode::E164).to_string()));
        }
    })
}

/// The mean over repetitions of `pass`, which handles `count` forms; the first one warms up.
fn each(count: usize, pass: impl Fn()) -> Duration {
    pass();
    let began = Instant::now();
    let mut passes = 0;
    while began.elapsed() < MEASURE_FOR {
        pass();
        passes += 1;
    }
    began.elapsed() / (passes * u32::try_from(count).unwrap_or(u32::MAX)).max(1)
}

fn python(forms: &[&Form]) -> anyhow::Result<Duration> {
    let mut python = Command::new(std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned()))
        .args(["-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("python3")?;
    let pairs: Vec<(&str, &str)> = forms.iter().map(|f| (f.region.as_str(), f.text.as_str())).collect();
    python.stdin.take().context("its input")?.write_all(&serde_json::to_vec(&pairs)?)?;
    let output = python.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}", said.lines().last().unwrap_or_default());
    let seconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(Duration::from_secs_f64(seconds))
}
