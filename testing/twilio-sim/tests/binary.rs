//! The simulator as a process.

mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::{ACCOUNT, NUMBER, SERVICE, TOKEN};

struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_twilio-sim"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_remove("TWILIO_AUTH_TOKEN")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("twilio-sim listening on ").expect("the address").to_owned();
        Self { child, url }
    }

    async fn send(&self) -> u16 {
        let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", self.url);
        let fields = [("To", NUMBER), ("MessagingServiceSid", SERVICE), ("Body", "hello")];
        let request = support::client().post(url).basic_auth(ACCOUNT, Some(TOKEN)).form(&fields);
        request.send().await.expect("an answer").status().as_u16()
    }

    async fn stats(&self) -> Value {
        let answer =
            support::client().get(format!("{}/_sim/stats", self.url)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// Sends the signal and waits; the exit code, none after a kill.
    fn signal(&mut self, name: &str) -> Option<i32> {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &process]).status().expect("kill runs");
        assert!(sent.success());
        self.child.wait().expect("the process ends").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("twilio-sim-{name}-{}", std::process::id()))
}

#[tokio::test]
async fn it_names_its_port_and_ends_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let mut process = Process::start(&[]);
        assert_eq!(process.send().await, 201);
        assert_eq!(process.signal(signal), Some(0));
    }
}

#[tokio::test]
async fn the_ledger_survives_a_kill() {
    let path = temporary("ledger");
    let file = path.to_str().unwrap();
    let mut first = Process::start(&["--ledger", file]);
    assert_eq!(first.send().await, 201);
    assert_eq!(first.signal("-KILL"), None);
    let second = Process::start(&["--ledger", file]);
    assert_eq!(second.stats().await["accepted"], 1);
    assert_eq!(second.send().await, 201);
    let stats = second.stats().await;
    assert_eq!((&stats["accepted"], &stats["duplicates"]), (&2.into(), &1.into()));
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn bad_arguments_and_occupied_ports_are_refused() {
    let run =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_twilio-sim")).args(arguments).output().unwrap();
    assert_eq!(run(&["--callback-delay", "20"]).status.code(), Some(2));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = run(&["--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot listen on"));
}
