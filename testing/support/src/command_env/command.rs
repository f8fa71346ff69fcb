//! Runs a command of the producer.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Stdio},
};

use serde_json::Value;

use crate::binary;

/// A program of the producer.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// `signup`
    Signup,
    /// `import`
    Import,
    /// `backfill`
    Backfill,
}

/// A command to be started.
pub struct Command(std::process::Command);

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

/// A running command.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Command {
    /// A command with an empty environment.
    pub fn new(program: Program) -> Self {
        let name = match program {
            Program::Signup => "signup",
            Program::Import => "import",
            Program::Backfill => "backfill",
        };
        let mut command = std::process::Command::new(binary(name).expect("a compiled program"));
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command)
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Arguments, split at blanks.
    #[must_use]
    pub fn args(mut self, line: &str) -> Self {
        self.0.args(line.split_whitespace());
        self
    }

    /// One argument, blanks included.
    #[must_use]
    pub fn arg(mut self, text: &str) -> Self {
        self.0.arg(text);
        self
    }

    /// Arguments as they are typed in a shell, quotes included.
    #[must_use]
    pub fn shell_args(self, line: &str) -> Self {
        let script = format!(r#"for word in {line}; do printf '%s\n' "$word"; done"#);
        let words =
            std::process::Command::new("sh").args(["-c", &script]).output().expect("the command runs");
        String::from_utf8(words.stdout).expect("UTF-8").lines().fold(self, Self::arg)
    }

    /// Starts it; its standard input stays open.
    pub fn start(mut self) -> Running {
        let mut child = self.0.spawn().expect("the command runs");
        let stdin = child.stdin.take();
        Running { child, stdin }
    }

    /// Runs it to its end with an empty input.
    pub fn end(self) -> Ended {
        self.start().end()
    }

    /// Runs it to its end with this input.
    pub fn end_with_input(self, input: &str) -> Ended {
        let mut running = self.start();
        running.write(input);
        running.end()
    }
}

impl Running {
    /// Writes to its standard input.
    pub fn write(&mut self, text: &str) {
        self.stdin.as_mut().expect("the command runs").write_all(text.as_bytes()).expect("the command runs");
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .expect("the command runs")
                .success()
        );
    }

    /// Sends SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the command runs");
        self.child.wait().expect("the command runs");
    }

    /// Sends SIGTERM, as a supervisor does.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .expect("the command runs")
                .success()
        );
    }

    /// Closes its input and waits for its end.
    pub fn end(mut self) -> Ended {
        drop(self.stdin.take());
        self.wait()
    }

    /// Waits for its end while its input stays open.
    pub fn wait(mut self) -> Ended {
        let mut stderr = self.child.stderr.take().expect("the command runs");
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("the command runs");
            text
        });
        let mut stdout = String::new();
        self.child
            .stdout
            .take()
            .expect("the command runs")
            .read_to_string(&mut stdout)
            .expect("the command runs");
        let code = self.child.wait().expect("the command runs").code().expect("ended by a signal");
        Ended { code, stdout, stderr: errors.join().expect("the command runs") }
    }
}

impl Ended {
    /// Asserts the exit code, and shows the output if it differs.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "most tests look at nothing else")]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The last line on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}\nstderr: {}", self.stderr))
    }
}
