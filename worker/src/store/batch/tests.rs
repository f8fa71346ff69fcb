use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use super::*;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row(&'static str, &'static str);

impl Keyed for Row {
    fn keys(&self) -> [&str; 2] {
        [self.0, self.1]
    }
}

/// Records its batches; refuses rows called `bad`, and fails the first `blips` times.
struct Recorder {
    batches: Batches,
    blips: Arc<Mutex<u32>>,
}

impl Statement for Recorder {
    type Row = Row;
    type Answer = &'static str;

    async fn run(&self, rows: &[Row]) -> Result<Vec<&'static str>, sqlx::Error> {
        tokio::task::yield_now().await;
        let mut blips = self.blips.lock().unwrap();
        if *blips > 0 {
            *blips -= 1;
            return Err(sqlx::Error::PoolTimedOut);
        }
        if rows.iter().any(|r| r.0 == "bad") {
            return Err(sqlx::Error::Encode("bad row".into()));
        }
        self.batches.lock().unwrap().push(rows.to_vec());
        Ok(rows.iter().map(|r| r.0).collect())
    }
}

type Batches = Arc<Mutex<Vec<Vec<Row>>>>;

fn start(blips: u32) -> (Batcher<Recorder>, Batches, CancellationToken) {
    let batches = Batches::default();
    let stop = CancellationToken::new();
    let statement = Recorder { batches: batches.clone(), blips: Arc::new(Mutex::new(blips)) };
    (Batcher::start("test", statement, Gather::InCrowds, stop.clone()), batches, stop)
}

async fn run_all(batcher: &Batcher<Recorder>, rows: &[Row]) -> Vec<Result<&'static str, BatchError>> {
    futures::future::join_all(rows.iter().map(|r| batcher.run(r.clone()))).await
}

#[tokio::test]
async fn rows_with_a_common_key_never_share_a_batch() {
    let (batcher, batches, _) = start(0);
    let rows = [Row("u1", "+1"), Row("u2", "+1"), Row("u1", "+2"), Row("u3", "")];
    let answers = run_all(&batcher, &rows).await;
    assert_eq!(answers, [Ok("u1"), Ok("u2"), Ok("u1"), Ok("u3")]);
    for batch in batches.lock().unwrap().iter() {
        assert!(batch.is_sorted());
        let users: HashSet<_> = batch.iter().map(|r| r.0).collect();
        let phones: HashSet<_> = batch.iter().map(|r| r.1).collect();
        assert_eq!((users.len(), phones.len()), (batch.len(), batch.len()), "{batch:?}");
    }
}

#[tokio::test]
async fn who_came_first_is_answered_first() {
    let (batcher, batches, _) = start(0);
    let order = Arc::new(Mutex::new(Vec::new()));
    let came = ["u3", "u1", "u9", "u2"];
    let tasks = came.map(|user| {
        let (batcher, order) = (batcher.clone(), order.clone());
        tokio::spawn(async move {
            batcher.run(Row(user, "")).await.unwrap();
            order.lock().unwrap().push(user);
        })
    });
    futures::future::join_all(tasks).await;
    assert_eq!(*order.lock().unwrap(), came);
    assert_eq!(batches.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_bad_row_is_singled_out_and_its_neighbours_go_on() {
    let (batcher, _, _) = start(0);
    let rows = [Row("a", ""), Row("b", ""), Row("bad", ""), Row("d", ""), Row("e", "")];
    let answers = run_all(&batcher, &rows).await;
    assert!(matches!(answers[2], Err(BatchError::BadRow(_))));
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_passing_trouble_repeats_the_batch_as_a_whole() {
    let (batcher, batches, _) = start(3);
    assert_eq!(run_all(&batcher, &[Row("a", ""), Row("b", "")]).await, [Ok("a"), Ok("b")]);
    assert!(!batches.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stopping_worker_does_not_wait_for_a_lost_database() {
    let (batcher, _, stop) = start(u32::MAX);
    stop.cancel();
    assert_eq!(batcher.run(Row("a", "")).await, Err(BatchError::Stopping));
}

/// On one thread: the first answered job continues before the last job of a large batch is answered.
#[tokio::test]
async fn other_tasks_run_between_the_answers() {
    let (replies, waiters): (Vec<_>, Vec<_>) = (0..=2 * ANSWERS).map(|_| oneshot::channel()).unzip();
    let went_on = Arc::new(Mutex::new(0));
    for waiter in waiters {
        let went_on = went_on.clone();
        tokio::spawn(async move {
            assert_eq!(waiter.await, Ok(Ok(())));
            *went_on.lock().unwrap() += 1;
        });
    }
    tokio::task::yield_now().await;
    let mut seen = Vec::new();
    let answers = replies.into_iter().map(|reply| {
        seen.push(*went_on.lock().unwrap());
        (reply, Ok(()))
    });
    reply_each(answers).await;
    assert_eq!(seen.last(), Some(&ANSWERS));
}

/// Each held back until it is let go.
struct Gated {
    started: Arc<Mutex<Vec<Vec<Row>>>>,
    gate: Arc<Semaphore>,
}

impl Statement for Gated {
    type Row = Row;
    type Answer = ();

    async fn run(&self, rows: &[Row]) -> Result<Vec<()>, sqlx::Error> {
        self.started.lock().unwrap().push(rows.to_vec());
        self.gate.acquire().await.unwrap().forget();
        Ok(vec![(); rows.len()])
    }
}

#[tokio::test]
async fn while_one_batch_runs_the_next_one_gathers() {
    let (started, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let statement = Gated { started: Arc::clone(&started), gate: gate.clone() };
    let batcher = Batcher::start("test", statement, Gather::InCrowds, CancellationToken::new());
    let mut waiting = Vec::new();
    for row in [Row("a", ""), Row("b", ""), Row("c", "")] {
        let batcher = batcher.clone();
        waiting.push(tokio::spawn(async move { batcher.run(row).await }));
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(*started.lock().unwrap(), [[Row("a", "")]]);
    gate.add_permits(2);
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), Ok(()));
    }
    assert_eq!(started.lock().unwrap()[1..], [[Row("b", ""), Row("c", "")]]);
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_not_urgent_gather_first() {
    let (batches, blips) = (Batches::default(), Arc::default());
    let statement = Recorder { batches: batches.clone(), blips };
    let batcher = Batcher::start("test", statement, Gather::Always(2), CancellationToken::new());
    let later = async |row, after| {
        tokio::time::sleep(Duration::from_millis(after)).await;
        batcher.run(row).await
    };
    let (a, b, c) = tokio::join!(later(Row("a", ""), 0), later(Row("b", ""), 9), later(Row("c", ""), 11));
    assert_eq!([a, b, c], [Ok("a"), Ok("b"), Ok("c")]);
    assert_eq!(*batches.lock().unwrap(), [vec![Row("a", ""), Row("b", "")], vec![Row("c", "")]]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_waits_no_longer() {
    let (batches, blips) = (Batches::default(), Arc::default());
    let statement = Recorder { batches: batches.clone(), blips };
    let batcher = Batcher::start("test", statement, Gather::Always(1000), CancellationToken::new());
    let began = Instant::now();
    let later = async {
        tokio::time::sleep(GATHER / 2).await;
        run_all(&batcher, &vec![Row("", ""); MAX_ROWS - 1]).await
    };
    tokio::join!(batcher.run(Row("", "")), later).0.unwrap();
    assert_eq!(began.elapsed().as_millis(), GATHER.as_millis());
    assert_eq!(batches.lock().unwrap()[0].len(), MAX_ROWS);
}
