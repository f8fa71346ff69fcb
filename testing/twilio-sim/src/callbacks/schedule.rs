//! When callbacks go out, how often and in which order.

use std::sync::Arc;

use super::courier::{Delivery, Letter};
use super::event::Event;
use super::target::Target;
use crate::app::App;
use crate::faults::{CallbackEffects, RecipientShown};
use crate::ledger::{CallbackRecord, CallbackResult};
use crate::messages::{Message, Status, Step};
use crate::phones::Rest;
use crate::time::millis;

/// Starts reporting the message's changes of status, if it has a callback URL. While the phone is off, the changes
/// after `sent` wait.
pub(crate) fn start(app: &Arc<App>, message: &Arc<Message>, effects: &CallbackEffects) {
    let target = message.callback.as_deref().filter(|_| !effects.none).and_then(Target::parse);
    let route = target.map(|target| {
        let (app, effects) = (Arc::clone(app), effects.clone());
        let generation = app.ledger.generation();
        Arc::new(Route { app, target, effects, generation })
    });
    match (&message.hold, route) {
        (Some(hold), route) => {
            let rest = route.map(|route| route.run_held(Arc::clone(message)));
            app.phones.hold(&message.to, Arc::clone(hold), rest);
        }
        (None, Some(route)) => {
            let message = Arc::clone(message);
            tokio::spawn(async move { route.run(&message).await });
        }
        (None, None) => {}
    }
}

/// One message's callbacks.
struct Route {
    app: Arc<App>,
    target: Target,
    effects: CallbackEffects,
    generation: u64,
}

impl Route {
    async fn run(&self, message: &Message) {
        let steps = message.steps();
        if self.effects.shuffled {
            self.run_shuffled(message, &steps).await;
        } else {
            self.run_in_order(message, &steps).await;
        }
    }

    /// Reports the changes up to `sent`. The returned future reports the others, after those.
    fn run_held(self: Arc<Self>, message: Arc<Message>) -> Rest {
        let (route, held) = (Arc::clone(&self), Arc::clone(&message));
        let so_far = message.steps();
        let told = so_far.len();
        let first = tokio::spawn(async move { route.run_in_order(&held, &so_far).await });
        Box::pin(async move {
            // An error means that the runtime ends.
            let _ = first.await;
            let steps = message.steps();
            let rest = steps.get(told..).unwrap_or_default();
            self.run_in_order(&message, rest).await;
        })
    }

    async fn run_in_order(&self, message: &Message, steps: &[Step]) {
        for (place, step) in (1..).zip(steps) {
            self.wait_for(message, *step).await;
            let event = self.event(message, *step);
            let is_last = place == steps.len() && step.status != Status::Sent;
            if is_last && let Some(status) = &self.effects.extra_status {
                self.tell(message, &self.event(message, *step).with_status(status)).await;
            }
            for _ in 0..self.copies() {
                self.tell(message, &event).await;
            }
        }
    }

    /// All at the end, copies mixed in.
    async fn run_shuffled(&self, message: &Message, steps: &[Step]) {
        if let Some(last) = steps.last() {
            self.wait_for(message, *last).await;
        }
        let mut steps = steps.to_vec();
        self.app.random.disorder(&mut steps);
        let events: Vec<Event> = steps.into_iter().map(|step| self.event(message, step)).collect();
        for _ in 0..self.copies() {
            for event in &events {
                self.tell(message, event).await;
            }
        }
    }

    async fn wait_for(&self, message: &Message, step: Step) {
        let late = millis(self.effects.late);
        self.app.clock.wait_until(message.created_ms + step.after_ms + late).await;
    }

    fn event(&self, message: &Message, step: Step) -> Event {
        let event = Event::new(message, step, &self.app.options.account_sid, &self.app.random);
        match self.effects.recipient {
            RecipientShown::ByPhone => event,
            RecipientShown::ByUserId => event.without_phone(),
        }
    }

    fn copies(&self) -> u8 {
        self.effects.copies.unwrap_or(1)
    }

    async fn tell(&self, message: &Message, event: &Event) {
        if self.is_stale() {
            return;
        }
        let (result, delivery) = if self.target.is_loopback() {
            let auth_token = self.app.auth.token();
            let letter = Letter {
                token: &event.token,
                body: event.body(),
                signature: self.target.sign(&auth_token, &event.fields(), self.effects.signing),
            };
            let delivery = self.app.courier.deliver(&self.target, &letter).await;
            (if delivery.delivered { CallbackResult::Sent } else { CallbackResult::Failed }, delivery)
        } else {
            (CallbackResult::Skipped, Delivery::default())
        };
        if !self.is_stale() {
            self.app.ledger.called_back(CallbackRecord {
                message_sid: message.sid.to_string(),
                message_status: event.status.clone().into_owned(),
                token: event.token.clone(),
                url: self.target.signed.clone(),
                result,
                tries: delivery.tries,
                last_status: delivery.last_status,
            });
        }
    }

    /// Whether the ledger was reset since.
    fn is_stale(&self) -> bool {
        self.app.ledger.generation() != self.generation
    }
}
