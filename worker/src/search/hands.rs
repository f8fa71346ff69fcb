//! The deliveries of the workers. The real pipeline handles each, up to the configured point.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{
    sync::{Notify, oneshot},
    task::{JoinError, JoinHandle},
};

use super::{
    delivery::Delivery,
    steps::{Answer, BEFORE_ACK, Fate},
    twilio::Call,
    world::{Found, World, newest},
};
use crate::{
    failpoint::{ORDERS, Orders},
    pipeline::{self, Interrupted, Outcome},
};

/// Longer than any call takes.
const HANGS: Duration = Duration::from_secs(20);

/// A worker died here.
struct Died;

type Ended = Result<Result<Outcome, Interrupted>, JoinError>;

/// A delivery in the hands of a worker.
pub(super) struct Hand {
    pub(super) delivery: Delivery,
    pub(super) worker: usize,
    task: JoinHandle<Result<Outcome, Interrupted>>,
    orders: Orders,
    /// It has reached the configured point.
    stopped: Arc<Notify>,
    /// Has it go on; a call gets this answer.
    go: Option<oneshot::Sender<Answer>>,
    fate: Fate,
    /// An import has stored its user again meanwhile.
    pub(super) anew: bool,
}

impl Hand {
    /// Whether its call is in flight, and with it the only permit of its worker.
    fn is_calling(&self) -> bool {
        matches!(self.fate, Fate::Call { .. })
    }
}

impl World {
    pub(super) fn is_busy(&self, worker: usize) -> bool {
        self.hands.iter().any(|h| h.worker == worker && h.is_calling())
    }

    /// A worker takes a delivery of the queue.
    pub(super) async fn take(&mut self, wanted: usize, nth: usize, fate: Fate, answer: Answer) -> Found {
        let Some(at) = newest(self.queue.len(), nth) else { return Ok(()) };
        let (alone, lane) = (self.queue[at].alone(), self.queue[at].lane);
        let beside = |n| self.hands.iter().any(|h| h.worker == n && h.delivery.lane == lane);
        let free = |n: &usize| !(self.is_busy(*n) || alone && beside(*n));
        let Some(worker) = [wanted, 1 - wanted].into_iter().find(free) else { return Ok(()) };
        let fate = if alone && matches!(fate, Fate::Look | Fate::Call { .. }) { Fate::End } else { fate };
        let delivery = self.queue.remove(at);
        let (with, inbound, orders) = (self.workers[worker].clone(), delivery.inbound(), Orders::default());
        let (begin, begun) = oneshot::channel();
        let handling = async move {
            let _ = begun.await;
            pipeline::handle(&with.pipeline, &inbound, pipeline::decode(&inbound)).await
        };
        let task = tokio::spawn(ORDERS.scope(orders.clone(), handling));
        let (stopped, go) = (Arc::default(), None);
        let mut hand = Hand { delivery, worker, task, orders, stopped, go, fate, anew: false };
        self.order(&mut hand, fate, answer);
        let _ = begin.send(());
        self.follow(hand).await
    }

    /// A delivery in hand goes on.
    pub(super) async fn go_on(&mut self, nth: usize, fate: Fate, answer: Answer) -> Found {
        let Some(at) = newest(self.hands.len(), nth) else { return Ok(()) };
        let calling = self.hands[at].is_calling();
        if !calling && self.is_busy(self.hands[at].worker) {
            return Ok(());
        }
        let mut hand = self.hands.remove(at);
        let go = hand.go.take();
        let fate = if calling && matches!(fate, Fate::Call { .. }) { Fate::End } else { fate };
        self.order(&mut hand, fate, answer);
        let _ = go.map(|go| go.send(answer));
        self.follow(hand).await
    }

    /// Sets how the task and Twilio behave.
    fn order(&self, hand: &mut Hand, fate: Fate, answer: Answer) {
        let (go, gone) = oneshot::channel();
        let stopped = hand.stopped.clone();
        let mut call = Call { answer, held: None };
        let mut order = None;
        match fate {
            Fate::End => {}
            Fate::Look => {
                let wait = async move {
                    stopped.notify_one();
                    let _ = gone.await;
                };
                order = Some(("after_look", wait.boxed()));
                hand.go = Some(go);
            }
            Fate::Call { stored } => {
                call = Call { answer: Answer::Lost { stored }, held: Some((stopped, gone)) };
                hand.go = Some(go);
            }
            Fate::Stop => {
                let stop = self.workers[hand.worker].pipeline.stop.clone();
                order = Some(("after_claim", async move { stop.cancel() }.boxed()));
            }
            Fate::Die(point) => {
                order = Some((point, async { std::panic::resume_unwind(Box::new(Died)) }.boxed()));
            }
        }
        hand.fate = fate;
        *hand.orders.lock().unwrap() = order.into_iter().collect();
        self.twilio.ledger().next = Some(call);
    }

    /// Waits until a delivery is done, or has reached the configured point.
    async fn follow(&mut self, mut hand: Hand) -> Found {
        let ended = tokio::select! {
            ended = &mut hand.task => Some(ended),
            () = hand.stopped.notified() => None,
            () = tokio::time::sleep(HANGS) => return Err("a delivery hangs".to_owned()),
        };
        self.twilio.ledger().next = None;
        if let Some(ended) = ended {
            return self.ended(hand, ended).await;
        }
        self.hands.push(hand);
        Ok(())
    }

    async fn ended(&mut self, hand: Hand, ended: Ended) -> Found {
        let worker = hand.worker;
        let ends = matches!(hand.fate, Fate::Die(_)) || self.workers[worker].pipeline.stop.is_cancelled();
        match ended.map_err(|error| error.try_into_panic().is_ok_and(|panic| panic.is::<Died>())) {
            Err(false) => return Err("a handler panicked".to_owned()),
            Ok(Ok(outcome)) if hand.fate != Fate::Die(BEFORE_ACK) => self.acked(&hand, outcome),
            Ok(Err(why)) if !why.is_stopping() => return Err(format!("a delivery came to no end: {why}")),
            _ => self.queue.push(hand.delivery.given_back()),
        }
        if ends {
            self.kill(worker).await;
        }
        Ok(())
    }

    fn acked(&mut self, hand: &Hand, outcome: Outcome) {
        let (user, at) = hand.delivery.event();
        if outcome == Outcome::DeadLetter {
            self.overlooked.insert(user);
            return;
        }
        self.overlooked.remove(&user);
        if let Some(at) = at {
            self.settle(&user, at);
        }
        // An import that stored the user again came after these outcomes. The call was for the former number.
        let before = matches!(outcome, Outcome::Sent | Outcome::Unknown | Outcome::Skipped(_));
        if !(hand.anew && before) {
            self.evident.insert(user);
        }
    }

    /// A worker ends with all that it has in hand, and another begins in its place.
    pub(super) async fn kill(&mut self, n: usize) {
        self.workers[n].pipeline.stop.cancel();
        let (dead, alive): (Vec<Hand>, Vec<Hand>) = self.hands.drain(..).partition(|h| h.worker == n);
        self.hands = alive;
        for mut hand in dead {
            hand.task.abort();
            let _ = (&mut hand.task).await;
            self.queue.push(hand.delivery.given_back());
        }
        self.begin(n).await;
    }
}
