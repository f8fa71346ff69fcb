//! The question before a real run.

use std::io::{self, BufRead, IsTerminal};

use producer::cli::Failure;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{args::Safety, report::Report};

/// Without a terminal nobody can be asked, and nothing is assumed.
pub(crate) fn refuse_without_terminal(safety: &Safety) -> Result<(), Failure> {
    let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
    if safety.dry_run || safety.yes || can_ask {
        return Ok(());
    }
    Err(Failure::Usage("there is no terminal to ask at; look with --dry-run, then run with --yes".to_owned()))
}

/// Whether the person at the terminal types the number of users.
pub(crate) async fn go_on(planned: &Report, stop: &CancellationToken) -> io::Result<bool> {
    let (question, number) = planned.question();
    eprint!("{question} Type {number} to go on: ");
    let (answer, answered) = oneshot::channel();
    // Reading blocks, and a runtime waits for its own blocking threads; not for this one.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).map(|_| line);
        // Err: interrupted meanwhile.
        let _ = answer.send(read);
    });
    tokio::select! {
        () = stop.cancelled() => Ok(false),
        line = answered => match line {
            Ok(line) => Ok(is_number(&line?, number)),
            Err(_) => Ok(false),
        },
    }
}

/// People write large numbers with blanks or commas.
fn is_number(line: &str, number: u64) -> bool {
    let digits: String = line.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    digits == number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_number_is_a_yes() {
        assert!(is_number("11702\n", 11_702) && is_number(" 11,702 ", 11_702) && is_number("11 702", 11_702));
        assert!(!is_number("\n", 0) && !is_number("y", 1) && !is_number("1170", 11_702));
    }
}
