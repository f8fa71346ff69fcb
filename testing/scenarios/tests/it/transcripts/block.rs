//! One block: commands after `$ `, and what they print.

use anyhow::{Context as _, ensure};

use super::{form, scenes::Set, shell};

/// Replaces any number of lines.
const LEFT_OUT: &str = "…";

pub(super) struct Block {
    pub(super) name: String,
    /// Of the last command.
    exit: i32,
    steps: Vec<Step>,
}

struct Step {
    command: String,
    /// As the page has it.
    output: Vec<String>,
}

/// The result of playing a block.
pub(super) enum Outcome {
    True,
    Changed { is: String, was: String },
}

impl Block {
    pub(super) fn parse(marker: &str, lines: &[&str]) -> anyhow::Result<Self> {
        let mut words = marker.split_whitespace();
        let name = words.next().context("a transcript has a name")?.to_owned();
        let exit = match words.next() {
            Some(word) => word.strip_prefix("exit=").context("only exit=N may follow")?.parse()?,
            None => 0,
        };
        let mut steps: Vec<Step> = Vec::new();
        for line in lines {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step { command: command.to_owned(), output: Vec::new() }),
                (None, Some(step)) => step.output.push((*line).to_owned()),
                (None, None) => anyhow::bail!("{name} begins without a command"),
            }
        }
        ensure!(!steps.is_empty(), "{name} has no command");
        Ok(Self { name, exit, steps })
    }

    /// Runs its commands on a set and compares.
    pub(super) async fn play(&self, set: &mut Set) -> anyhow::Result<Outcome> {
        let (mut is, mut was) = (Vec::new(), Vec::new());
        for (step, (command, printed)) in self.steps.iter().zip(self.run(set).await?) {
            was.push(format!("$ {}", step.command));
            was.extend(step.output.iter().cloned());
            if matches(&step.output, &printed) {
                is.push(format!("$ {}", step.command));
                is.extend(step.output.iter().cloned());
            } else {
                is.push(format!("$ {command}"));
                is.extend(shortened(&step.output, printed));
            }
        }
        Ok(if is == was {
            Outcome::True
        } else {
            Outcome::Changed { is: is.join("\n"), was: was.join("\n") }
        })
    }

    /// Runs its commands on a set. Their exit codes must be those of the page; where a command has an older spelling,
    /// its output must be the page's below a notice.
    pub(super) async fn play_old(&self, set: &mut Set) -> anyhow::Result<()> {
        for (step, (command, printed)) in self.steps.iter().zip(self.run(set).await?) {
            if !command.contains("--because") && !command.contains("--reason error_") {
                continue;
            }
            let (notices, rest): (Vec<_>, Vec<_>) =
                printed.into_iter().partition(|line| line.starts_with("notice: "));
            ensure!(notices.len() == 1 && matches(&step.output, &rest), "`{command}`: {notices:?} {rest:?}");
        }
        Ok(())
    }

    /// What each command printed. Fails unless the exit codes are those of the page.
    async fn run(&self, set: &mut Set) -> anyhow::Result<Vec<(String, Vec<String>)>> {
        set.before(&self.name).await?;
        let mut all = Vec::new();
        for (n, step) in self.steps.iter().enumerate() {
            let command = set.with_ids(&self.name, &step.command).await?;
            let env = set.env(&self.name);
            let (code, printed) = shell::run(&command, &env).await?;
            let last = n + 1 == self.steps.len();
            ensure!(
                code == if last { self.exit } else { 0 },
                "{}: `{command}` ended with {code}: {printed}",
                self.name
            );
            let printed = set.plain(&printed).lines().map(|l| l.trim_end().to_owned()).collect();
            all.push((command, printed));
        }
        set.after(&self.name).await?;
        Ok(all)
    }
}

fn left_out(line: &str) -> bool {
    line.trim() == LEFT_OUT
}

/// Whether the page's lines are the printed ones, by their form.
fn matches(page: &[String], printed: &[String]) -> bool {
    match page.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if left_out(first) => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, others)| form::of(first) == form::of(line) && matches(rest, others)),
    }
}

/// The printed lines without those that the page already leaves out.
fn shortened(page: &[String], printed: Vec<String>) -> Vec<String> {
    if !page.iter().any(|l| left_out(l)) {
        return printed;
    }
    let kept: Vec<String> = page.iter().filter(|l| !left_out(l)).map(|l| begins(l)).collect();
    let mut lines = Vec::new();
    for line in printed {
        let stays = kept.contains(&begins(&line));
        if stays || !lines.last().is_some_and(|l: &String| left_out(l)) {
            lines.push(if stays { line } else { LEFT_OUT.to_owned() });
        }
    }
    lines
}

/// What a line is about: its first words.
fn begins(line: &str) -> String {
    let form = form::of(line);
    form.split(' ').filter(|w| w.chars().any(char::is_alphanumeric)).take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn left_out_lines_match_any_and_stay_out() {
        let page = lines("rabbitmq\n…\n  ✓ sender    the one\n…");
        assert!(matches(&page, &lines("rabbitmq\na\nb\n  ✓ sender    the one")));
        let printed = lines("rabbitmq\na b\nb\n  ✗ sender is the other\nc");
        assert!(!matches(&page, &printed));
        assert_eq!(
            shortened(&lines("rabbitmq\n…\nsender is there\n…"), printed).join("|"),
            "rabbitmq|…|  ✗ sender is the other|…"
        );
    }
}
