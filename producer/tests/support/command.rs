//! Runs one of our commands.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Stdio},
};

use serde_json::Value;

#[derive(Debug, Clone, Copy)]
pub enum Program {
    Signup,
    Import,
    Backfill,
}

pub struct Command(std::process::Command);

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
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
        let path = match program {
            Program::Signup => env!("CARGO_BIN_EXE_signup"),
            Program::Import => env!("CARGO_BIN_EXE_import"),
            Program::Backfill => env!("CARGO_BIN_EXE_backfill"),
        };
        let mut command = std::process::Command::new(path);
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command)
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Arguments, split at blanks.
    pub fn args(mut self, line: &str) -> Self {
        self.0.args(line.split_whitespace());
        self
    }

    /// One argument, blanks included.
    pub fn arg(mut self, text: &str) -> Self {
        self.0.arg(text);
        self
    }

    /// Arguments as they are typed in a shell, quotes included.
    pub fn shell_args(self, line: &str) -> Self {
        let script = format!(r#"for word in {line}; do printf '%s\n' "$word"; done"#);
        let words = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        String::from_utf8(words.stdout).unwrap().lines().fold(self, Self::arg)
    }

    pub fn start(mut self) -> Running {
        let mut child = self.0.spawn().unwrap();
        let stdin = child.stdin.take();
        Running { child, stdin }
    }

    pub fn end(self) -> Ended {
        self.start().end()
    }

    pub fn end_with_input(self, input: &str) -> Ended {
        let mut running = self.start();
        running.write(input);
        running.end()
    }
}

impl Running {
    pub fn write(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Sends SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, as a supervisor does.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Closes its input and waits for its end.
    pub fn end(mut self) -> Ended {
        drop(self.stdin.take());
        self.wait()
    }

    /// Waits for its end while its input stays open.
    pub fn wait(mut self) -> Ended {
        let mut stderr = self.child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = self.child.wait().unwrap().code().expect("ended by a signal");
        Ended { code, stdout, stderr: errors.join().unwrap() }
    }
}

impl Ended {
    /// Asserts the exit code, and shows the output if it differs.
    #[track_caller]
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
