//! Has Twilio delete the text of a message.

use super::{client::Client, fault::ReadFault, meter::Operation, sid::MessageSid};

impl Client {
    /// Empties the body of a message (Twilio docs, Messages resource, "Redact a message"). Twilio refuses while the message is
    /// under way; asking again does no harm.
    pub(crate) async fn redact_message(&self, sid: &MessageSid) -> Result<(), ReadFault> {
        let call = self.http.post(self.endpoints.message(sid)).form(&[("Body", "")]);
        self.judge(Operation::Redact, call).await.map(drop)
    }
}
