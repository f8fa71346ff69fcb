//! Group commit: while one statement runs, the next batch gathers. At low load no event waits. Under load one statement
//! serves many events.

mod crowd;

use std::{collections::HashSet, future::Future, time::Duration};

use shared::{
    db::{Trouble, sqlstate, trouble},
    domain::RetryPolicy,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crowd::Crowd;

/// One batch runs at a time, so that the next one may grow to this while it does. Rows cost the database least in large
/// batches; larger ones gain nothing.
const MAX_ROWS: usize = 256;
/// One turn of waiting for others, where a batch gathers: few rows in a transaction cost the database much for each, and
/// leave less of it to those in a hurry.
const GATHER: Duration = Duration::from_millis(5);
/// Answers are released in groups of this size, so that woken tasks do not starve others. Each answer wakes a task that
/// makes its next call. A hundred at once would delay every live signup.
const ANSWERS: usize = 8;
const REPEAT: RetryPolicy = RetryPolicy { base: Duration::from_millis(50), max: Duration::from_secs(5) };

/// A statement that handles many rows at once, in one transaction.
pub(crate) trait Statement: Send + Sync + 'static {
    /// One event's part.
    type Row: Keyed + Send + Sync + 'static;
    /// What became of it.
    type Answer: Send + 'static;

    /// For how long a statement that fails for passing reasons is repeated. What must not be forgotten
    /// is repeated for as long as the worker runs.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// One answer per row, in order.
    fn run(&self, rows: &[Self::Row]) -> impl Future<Output = Result<Vec<Self::Answer>, sqlx::Error>> + Send;
}

/// What a row may share with no other row of its batch, and the order in which rows are locked.
pub(crate) trait Keyed {
    /// Empty keys never collide.
    fn keys(&self) -> [&str; 2];
}

/// Why the answer of a row is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BatchError {
    /// The database refuses this row for good; SQLSTATE only, its text may quote the row.
    #[error("the database refuses this row for good ({0})")]
    BadRow(String),
    /// The database stayed away; the row may or may not have been handled.
    #[error("the database cannot be reached")]
    Unavailable,
    /// The worker is stopping; the row may or may not have been handled.
    #[error("the worker is stopping")]
    Stopping,
}

/// When the first row of a batch waits for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gather {
    /// Always, this many times as long. For statements that are not urgent.
    Always(u32),
    /// Only while many rows arrive at once. For statements whose answer is urgent.
    InCrowds,
}

struct Job<S: Statement> {
    row: S::Row,
    /// Its place in its batch by arrival.
    place: usize,
    reply: Reply<S::Answer>,
}

/// A handle to one statement's batches.
pub(crate) struct Batcher<S: Statement> {
    jobs: mpsc::Sender<Job<S>>,
}

impl<S: Statement> Clone for Batcher<S> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone() }
    }
}

impl<S: Statement> Batcher<S> {
    /// Starts the task that runs `statement`. Once `stop` is cancelled, a failing statement is not repeated.
    pub(crate) fn start(name: &'static str, statement: S, gather: Gather, stop: CancellationToken) -> Self {
        let (jobs, inbox) = mpsc::channel(4 * MAX_ROWS);
        tokio::spawn(Runner { name, statement, gather, stop }.run(inbox));
        Self { jobs }
    }

    /// Runs `row` with whatever else is waiting.
    pub(crate) async fn run(&self, row: S::Row) -> Result<S::Answer, BatchError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { row, place: 0, reply }).await.map_err(|_| BatchError::Stopping)?;
        answer.await.unwrap_or(Err(BatchError::Stopping))
    }
}

struct Runner<S> {
    name: &'static str,
    statement: S,
    gather: Gather,
    stop: CancellationToken,
}

impl<S: Statement> Runner<S> {
    async fn run(self, mut inbox: mpsc::Receiver<Job<S>>) {
        let mut waiting: Vec<Job<S>> = Vec::new();
        let mut crowd = Crowd::new(Instant::now());
        loop {
            let turns = match self.gather {
                Gather::Always(turns) => turns,
                Gather::InCrowds => u32::from(crowd.is_there()),
            };
            let before = waiting.len();
            if !gather(&mut inbox, &mut waiting, turns).await {
                return;
            }
            crowd.came(waiting.len() - before, Instant::now());
            let batch = without_collisions(&mut waiting);
            self.settle(batch).await;
        }
    }

    /// Halves a batch with a bad row until that row is alone.
    async fn settle(&self, batch: Vec<Job<S>>) {
        let mut todo = vec![batch];
        while let Some(batch) = todo.pop() {
            let (rows, replies): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|j| (j.row, (j.place, j.reply))).unzip();
            match self.execute(&rows).await {
                Ok(answers) => {
                    let mut answered: Vec<_> = replies.into_iter().zip(answers).collect();
                    answered.sort_unstable_by_key(|((place, _), _)| *place);
                    reply_each(answered.into_iter().map(|((_, reply), answer)| (reply, Ok(answer)))).await;
                }
                Err(BatchError::BadRow(_)) if rows.len() > 1 => {
                    let jobs = rows.into_iter().zip(replies);
                    let mut first: Vec<Job<S>> =
                        jobs.map(|(row, (place, reply))| Job { row, place, reply }).collect();
                    let second = first.split_off(first.len() / 2);
                    todo.extend([second, first]);
                }
                Err(error) => {
                    reply_each(replies.into_iter().map(|(_, reply)| (reply, Err(error.clone())))).await;
                }
            }
        }
    }

    async fn execute(&self, rows: &[S::Row]) -> Result<Vec<S::Answer>, BatchError> {
        let started = Instant::now();
        for n in 0.. {
            let error = match self.statement.run(rows).await {
                Ok(answers) => return Ok(answers),
                Err(error) => error,
            };
            let sqlstate = sqlstate(&error);
            if trouble(&error) == Trouble::Data {
                return Err(BatchError::BadRow(sqlstate));
            }
            if started.elapsed() >= S::PATIENCE {
                return Err(BatchError::Unavailable);
            }
            tracing::warn!(
                statement = self.name,
                rows = rows.len(),
                sqlstate,
                "statement failed, repeating it"
            );
            tokio::select! {
                () = tokio::time::sleep(REPEAT.delay(n)) => {}
                () = self.stop.cancelled() => return Err(BatchError::Stopping),
            }
        }
        Err(BatchError::Stopping)
    }
}

/// Waits for more jobs and adds those that arrived to the waiting ones. At least one job waits afterwards. False: no
/// more jobs will come.
async fn gather<S: Statement>(
    inbox: &mut mpsc::Receiver<Job<S>>,
    waiting: &mut Vec<Job<S>>,
    turns: u32,
) -> bool {
    if waiting.is_empty() && inbox.recv_many(waiting, MAX_ROWS).await == 0 {
        return false;
    }
    for _ in 0..turns {
        if waiting.len() + inbox.len() >= MAX_ROWS {
            break;
        }
        tokio::time::sleep(GATHER).await;
    }
    while waiting.len() < MAX_ROWS
        && let Ok(job) = inbox.try_recv()
    {
        waiting.push(job);
    }
    true
}

/// Takes the jobs whose keys are all different, sorted by key; the others stay for the next batch.
///
/// The jobs keep their places: answers follow the order of arrival, so the first to arrive continues first.
fn without_collisions<S: Statement>(waiting: &mut Vec<Job<S>>) -> Vec<Job<S>> {
    let fresh = first_of_their_keys(waiting);
    let mut fresh = fresh.into_iter();
    let mut batch: Vec<Job<S>> = waiting.extract_if(.., |_| fresh.next().unwrap_or(false)).collect();
    batch.iter_mut().enumerate().for_each(|(place, job)| job.place = place);
    batch.sort_by(|a, b| a.row.keys().cmp(&b.row.keys()));
    batch
}

/// Which jobs share no key with one before them that is taken.
fn first_of_their_keys<S: Statement>(jobs: &[Job<S>]) -> Vec<bool> {
    let mut seen: [HashSet<&str>; 2] = std::array::from_fn(|_| HashSet::with_capacity(jobs.len()));
    jobs.iter()
        .map(|job| {
            let keys = job.row.keys();
            let fresh = keys.iter().zip(&seen).all(|(key, seen)| !seen.contains(key));
            if fresh {
                for (key, seen) in keys.into_iter().zip(&mut seen).filter(|(key, _)| !key.is_empty()) {
                    seen.insert(key);
                }
            }
            fresh
        })
        .collect()
}

type Reply<A> = oneshot::Sender<Result<A, BatchError>>;

async fn reply_each<A>(answers: impl Iterator<Item = (Reply<A>, Result<A, BatchError>)>) {
    for (given, (reply, answer)) in answers.enumerate() {
        if given > 0 && given % ANSWERS == 0 {
            tokio::task::yield_now().await;
        }
        // Err: the event's task has ended; its delivery comes back by itself.
        let _ = reply.send(answer);
    }
}

#[cfg(test)]
mod tests;
