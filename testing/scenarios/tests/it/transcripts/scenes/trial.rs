//! Welcomes may go by WhatsApp: one template is approved and mapped, and the sender is online. No user is stored.

use support::TestEnv;

use crate::whatsapp::with_template;

pub(super) async fn set() -> anyhow::Result<TestEnv> {
    let sender = "whatsapp:+14155550123";
    let test =
        TestEnv::builder().simulator(&["--whatsapp-sender", sender]).env("TWILIO_WHATSAPP_FROM", sender);
    let mut test = test.env("CHANNELS", "welcome=whatsapp,sms").build().await?;
    with_template(&mut test).await?;
    Ok(test)
}
