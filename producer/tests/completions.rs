//! Every command completes itself in a shell.

#![cfg(feature = "cli")]
// Helpers are tests, too.
#![allow(clippy::unwrap_used, dead_code)]

use support::{Command, Program};

#[test]
fn every_shell_has_its_completions() {
    for (program, option) in
        [(Program::Signup, "user-id"), (Program::Import, "dry-run"), (Program::Backfill, "dry-run")]
    {
        for shell in ["bash", "zsh", "fish"] {
            let ended = Command::new(program).args(&format!("completions {shell}")).end();
            assert!(ended.expect(0).stdout.contains(option), "{program:?} {shell}");
        }
        Command::new(program).args("completions tcsh").end().expect(2);
        let help = Command::new(program).args("completions --help").end();
        assert!(help.stdout.contains("Examples\n  "), "{}", help.stdout);
    }
}
