//! What may happen, and random sequences of it. Steps name things by a position, newest first and counted modulo how
//! many there are, so that a sequence keeps its sense when steps are taken out of it.

use rand::{Rng, rngs::StdRng};
use shared::lane::QueueLane;

/// Few, so that they meet.
pub(super) const USERS: [&str; 3] = ["ama", "bina", "chandra"];
/// Two numbers, another spelling of the first one, and one that cannot be texted.
pub(super) const NUMBERS: [(&str, Option<&str>); 4] = [
    ("9841000001", Some("+9779841000001")),
    ("9841000002", Some("+9779841000002")),
    ("+977 984-1000001", Some("+9779841000001")),
    ("12", None),
];

/// What a call to Twilio leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Accepted,
    // HTTP status and code.
    Refused(u16, u32),
    ServerError { stored: bool },
    // The connection breaks within the answer.
    Lost { stored: bool },
}

/// How far a delivery comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    End,
    // The worker stops after it read the stored state.
    Look,
    // Its call is made and not answered yet.
    Call { stored: bool },
    // The worker begins to stop when the claim is committed.
    Stop,
    // The worker dies at this point.
    Die(&'static str),
}

/// The last place to die: all is committed, and nothing acked.
pub(super) const BEFORE_ACK: &str = "before_ack";
const DEATHS: [&str; 5] = ["after_delivery", "after_claim", "after_response", "after_outcome", BEFORE_ACK];

/// Statuses that callbacks report, with their codes.
pub(super) const STATUSES: [(&str, Option<u32>); 9] = [
    ("queued", None),
    ("sending", None),
    ("sent", None),
    ("delivered", None),
    ("undelivered", Some(30003)),
    ("undelivered", Some(30005)),
    ("failed", Some(30036)),
    ("failed", Some(21610)),
    ("undelivered", Some(30032)),
];

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Signup { user: usize, number: usize, older: bool, timed: bool },
    Import { user: usize, number: usize, older: bool },
    Backfill { user: usize },
    // The backfill marks the users whose events it has published.
    Mark,
    Take { worker: usize, nth: usize, fate: Fate, answer: Answer },
    GoOn { nth: usize, fate: Fate, answer: Answer },
    Kill { worker: usize },
    Pass { minutes: u32 },
    // Not marked: the worker dies after it published and before it marks.
    Sweep { worker: usize, marked: bool },
    Resolve { worker: usize },
    Poll { worker: usize },
    Breaker { worker: usize, due: bool, mended: bool, answer: Answer },
    Callback { worker: usize, nth: usize, status: usize, named: bool },
    // Twilio's list shows all that was hidden.
    Show,
    Reopen { nth: usize },
    Adopt { nth: usize, message: usize },
    MarkSent { nth: usize },
    Settle { reopen: bool },
    ReopenEnded { user: usize },
    Suppress { number: usize },
    Lift { number: usize },
    Pause { lane: QueueLane },
    Resume,
    Bury { nth: usize },
    Replay,
    Prune,
}

/// Writes a sequence.
struct Writer<'a> {
    rng: &'a mut StdRng,
    /// Of the last step that was about one.
    user: usize,
    number: usize,
    /// Many answers are lost.
    storm: bool,
    steps: Vec<Step>,
}

/// A sequence: a step may be followed by some that are likely to come next, so that stories go on.
pub(super) fn sequence(rng: &mut StdRng) -> Vec<Step> {
    let (length, storm) = (rng.gen_range(12..32), rng.gen_bool(0.3));
    let mut writer = Writer { rng, user: 0, number: 0, storm, steps: Vec::new() };
    while writer.steps.len() < length {
        let step = writer.any();
        writer.write(step);
    }
    writer.steps
}

impl Writer<'_> {
    fn any(&mut self) -> Step {
        let (worker, nth) = (self.one_of(&[0, 1]), self.one_of(&[0, 1, 2]));
        if self.chance(0.6) {
            self.user = self.one_of(&[0, 1, 2]);
        }
        if self.chance(0.6) {
            self.number = self.one_of(&[0, 0, 0, 1, 1, 1, 2, 3]);
        }
        let (user, number) = (self.user, self.number);
        let (older, timed, yes) = (self.chance(0.2), self.chance(0.6), self.chance(0.5));
        match self.rng.gen_range(0..100) {
            0..20 => Step::Signup { user, number, older, timed },
            20..26 => Step::Import { user, number, older },
            26..29 => Step::Backfill { user },
            29 => Step::Mark,
            30..50 => self.take(),
            50..56 => self.go_on(),
            56..58 => Step::Kill { worker },
            58..63 => Step::Pass { minutes: self.one_of(&[2, 20, 20, 70, 1_500, 60_000]) },
            63..69 => Step::Sweep { worker, marked: self.chance(0.9) },
            69..71 => Step::Resolve { worker },
            71 => Step::Poll { worker },
            72..75 => Step::Breaker { worker, due: timed, mended: yes, answer: self.answer() },
            75..82 => self.callback(),
            82 => Step::Show,
            83..86 => Step::Reopen { nth },
            86 => Step::Adopt { nth, message: worker },
            87 => Step::MarkSent { nth },
            88 => Step::Settle { reopen: yes },
            89 => Step::ReopenEnded { user },
            90 => Step::Suppress { number },
            91 => Step::Lift { number },
            92..94 => Step::Pause { lane: self.one_of(&QueueLane::ALL) },
            94 => Step::Resume,
            95..97 => Step::Bury { nth },
            97..99 => Step::Replay,
            _ => Step::Prune,
        }
    }

    /// Adds a step and likely next steps: those of other workers, and the recovery.
    fn write(&mut self, step: Step) {
        self.steps.push(step);
        let (user, number, worker) = (self.user, self.number, self.one_of(&[0, 1]));
        let (other, moved) = ((user + self.one_of(&[1, 2])) % USERS.len(), (number + 1) % 2);
        let signup = |user, number| Step::Signup { user, number, older: false, timed: true };
        let import = Step::Import { user, number: moved, older: false };
        let sent = Step::Take { worker, nth: 0, fate: Fate::End, answer: Answer::Accepted };
        let sweep = Step::Sweep { worker, marked: true };
        match step {
            Step::Signup { .. } | Step::Sweep { .. } | Step::Replay | Step::Backfill { .. }
                if self.chance(0.7) =>
            {
                let next = self.take();
                self.write(next);
            }
            Step::Take { fate: Fate::Look, .. } if self.chance(0.8) => {
                match self.one_of(&[0, 1, 2]) {
                    0 => self.steps.push(import),
                    1 => self.steps.extend([import, Step::Pause { lane: QueueLane::Live }]),
                    _ => self.steps.extend([signup(other, number), sent]),
                }
                let next = self.go_on();
                self.steps.push(next);
            }
            Step::Take { fate: Fate::Call { .. }, .. } if self.chance(0.8) => {
                match self.one_of(&[0, 1, 2, 2]) {
                    0 => self.steps.push(import),
                    1 => self.steps.extend([Step::Kill { worker: 0 }, Step::Kill { worker: 1 }]),
                    _ => self.steps.extend([signup(other, number), sent]),
                }
                let next = [signup(user, moved), self.take(), self.go_on()];
                let from = self.one_of(&[0, 2, 2]);
                self.steps.extend(&next[from..]);
            }
            Step::Take { answer: Answer::ServerError { .. } | Answer::Lost { .. }, .. }
            | Step::Kill { .. } => {
                if self.chance(0.4) {
                    self.find_out(worker);
                }
                let settle = Step::Settle { reopen: true };
                let all =
                    [self.callback(), self.callback(), settle, signup(user, moved), Step::Reopen { nth: 0 }];
                let next = self.one_of(&all);
                self.write(next);
            }
            Step::Callback { .. } if self.chance(0.3) => self.find_out(worker),
            Step::Take { answer: Answer::Refused(..), .. } if self.chance(0.5) => {
                self.steps.extend([signup(other, number), sent, Step::Pass { minutes: 70 }, sweep, sent]);
            }
            Step::Reopen { .. } | Step::Settle { .. } if self.chance(0.8) => {
                let all = [self.callback(), signup(other, number), sweep];
                let next = self.one_of(&all);
                self.write(next);
            }
            Step::Bury { .. } if self.chance(0.5) => {
                self.steps.extend([signup(user, moved), sent, Step::Replay, sent]);
            }
            _ => {}
        }
    }

    /// Twilio is asked about unknown outcomes, as often as it is ever asked.
    fn find_out(&mut self, worker: usize) {
        let (pass, resolve) = (Step::Pass { minutes: 20 }, Step::Resolve { worker });
        self.steps.extend([pass, Step::Sweep { worker, marked: true }, resolve, resolve]);
        if self.chance(0.7) {
            self.write(Step::Sweep { worker, marked: true });
        }
    }

    fn chance(&mut self, of: f64) -> bool {
        self.rng.gen_bool(of)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.gen_range(0..all.len())]
    }

    /// Mostly of the newest, on either worker.
    fn take(&mut self) -> Step {
        let (worker, nth) = (self.one_of(&[0, 1]), self.one_of(&[0, 0, 0, 0, 1, 2]));
        Step::Take { worker, nth, fate: self.fate(), answer: self.answer() }
    }

    fn go_on(&mut self) -> Step {
        Step::GoOn { nth: self.one_of(&[0, 0, 0, 1]), fate: self.fate(), answer: self.answer() }
    }

    fn callback(&mut self) -> Step {
        let (worker, nth) = (self.one_of(&[0, 1]), self.one_of(&[0, 0, 0, 1, 1, 2]));
        Step::Callback { worker, nth, status: self.rng.gen_range(0..STATUSES.len()), named: self.chance(0.8) }
    }

    fn fate(&mut self) -> Fate {
        match self.rng.gen_range(0..100) {
            0..60 => Fate::End,
            60..72 => Fate::Look,
            72..86 => Fate::Call { stored: self.chance(0.5) },
            86..90 => Fate::Stop,
            _ => Fate::Die(self.one_of(&DEATHS)),
        }
    }

    fn answer(&mut self) -> Answer {
        let stored = self.chance(0.5);
        if self.storm && self.chance(0.5) {
            return Answer::ServerError { stored };
        }
        match self.rng.gen_range(0..100) {
            0..45 => Answer::Accepted,
            45..57 => Answer::Refused(429, 20429),
            57..62 => Answer::Refused(400, 21211),
            62..65 => Answer::Refused(400, 21610),
            65..67 => Answer::Refused(400, 20504),
            67..69 => Answer::Refused(429, 21611),
            69..72 => Answer::Refused(401, 20003),
            72..75 => Answer::Refused(400, 21408),
            75..77 => Answer::Refused(400, 21606),
            77 => Answer::Refused(429, 63038),
            78..88 => Answer::ServerError { stored },
            _ => Answer::Lost { stored },
        }
    }
}
