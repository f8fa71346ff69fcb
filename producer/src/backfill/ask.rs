//! The question before a real run.

use std::io::{self, BufRead, IsTerminal};

use producer::command::Failure;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{args::Args, report::Report};

/// Without a terminal nobody can be asked, and nothing is assumed.
pub(crate) fn refuse_without_terminal(args: &Args) -> Result<(), Failure> {
    let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
    if args.dry_run || args.yes || can_ask {
        return Ok(());
    }
    Err(Failure::Usage("there is no terminal to ask at; look with --dry-run, then run with --yes".to_owned()))
}

/// Whether the person at the terminal says yes.
pub(crate) async fn go_on(planned: &Report, stop: &CancellationToken) -> io::Result<bool> {
    eprint!("{} Go on? [y/N] ", planned.question());
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
            Ok(line) => Ok(is_yes(&line?)),
            Err(_) => Ok(false),
        },
    }
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES \n"));
        assert!(!is_yes("\n") && !is_yes("no") && !is_yes("yy"));
    }
}
