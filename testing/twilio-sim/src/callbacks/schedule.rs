//! When callbacks go out, how often and in which order.

use std::sync::Arc;

use super::courier::Delivery;
use super::event::Event;
use super::target::Target;
use crate::app::App;
use crate::faults::CallbackEffects;
use crate::ledger::{CallbackRecord, CallbackResult};
use crate::messages::{Message, Step};

/// Starts telling the message's changes of status, if it has a callback URL.
pub(crate) fn start(app: &Arc<App>, message: &Arc<Message>, effects: &CallbackEffects) {
    if effects.none {
        return;
    }
    if let Some(target) = message.callback.as_deref().and_then(Target::parse) {
        let route = Route {
            app: Arc::clone(app),
            target,
            effects: effects.clone(),
            generation: app.ledger.generation(),
        };
        tokio::spawn(route.run(Arc::clone(message)));
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
    async fn run(self, message: Arc<Message>) {
        let steps = message.lifecycle.steps();
        if self.effects.shuffled {
            self.run_shuffled(&message, &steps).await;
        } else {
            for step in steps {
                self.app.clock.wait_until(message.created_ms + step.after_ms).await;
                let event = self.event(&message, step);
                for _ in 0..self.copies() {
                    self.tell(&message, &event).await;
                }
            }
        }
    }

    /// All at the end, copies mixed in.
    async fn run_shuffled(&self, message: &Message, steps: &[Step]) {
        let last = steps.last().map_or(0, |step| step.after_ms);
        self.app.clock.wait_until(message.created_ms + last).await;
        let mut steps = steps.to_vec();
        self.app.random.disorder(&mut steps);
        let events: Vec<Event> = steps.into_iter().map(|step| self.event(message, step)).collect();
        for _ in 0..self.copies() {
            for event in &events {
                self.tell(message, event).await;
            }
        }
    }

    fn event(&self, message: &Message, step: Step) -> Event {
        Event::new(message, step, &self.app.options.account_sid, &self.app.random)
    }

    fn copies(&self) -> u8 {
        self.effects.copies.unwrap_or(1)
    }

    async fn tell(&self, message: &Message, event: &Event) {
        if self.is_stale() {
            return;
        }
        let (result, delivery) = if self.target.is_loopback() {
            let token = self.app.auth.token();
            let signature = event.signature(&token, &self.target.signed, self.effects.signing);
            let delivery = self.app.courier.deliver(&self.target, event, signature.as_deref()).await;
            (if delivery.delivered { CallbackResult::Sent } else { CallbackResult::Failed }, delivery)
        } else {
            (CallbackResult::Skipped, Delivery { delivered: false, tries: 0, last_status: 0 })
        };
        if !self.is_stale() {
            self.app.ledger.called_back(CallbackRecord {
                message_sid: message.sid.to_string(),
                message_status: event.status.as_str(),
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
