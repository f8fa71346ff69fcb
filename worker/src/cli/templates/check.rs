//! `worker templates check`

use std::process::ExitCode;

use shared::{
    cli::{Exit, Failure, output},
    config::Env,
    domain::{Channel, ChannelPlan, MessageKind},
};

use crate::{
    cli::open,
    config::channel_plan,
    store::{
        contents,
        templates::{self, Mapped},
    },
    templates::Verdict,
};

pub(super) async fn run() -> Result<ExitCode, Failure> {
    let mut env = Env::of_process();
    let plan = channel_plan(&mut env);
    let pool = open::database(env).await?;
    let mapped = templates::mapped(&pool).await.map_err(Failure::statement)?;
    let sync = contents::sync_state(&pool).await.map_err(Failure::statement)?;
    if mapped.is_empty() && plan.uses(Channel::Whatsapp) {
        let kinds: Vec<&str> = plan.kinds_on(Channel::Whatsapp).map(MessageKind::as_str).collect();
        return Err(Failure::configuration(format!(
            "no template is mapped for whatsapp, which CHANNELS lists for {}: see `worker templates map --help`, or \
             change CHANNELS",
            kinds.join(", ")
        )));
    }
    let mut sendable = 0;
    for one in &mapped {
        let verdict = Verdict::of(one);
        sendable += usize::from(verdict.is_sendable());
        let advice = if verdict.is_sendable() { String::new() } else { format!("; {}", verdict.advice()) };
        println!("{} {}: {verdict}{advice}", one.place, one.content.content_sid);
    }
    for kind in without_template(&plan, &mapped) {
        eprintln!(
            "{kind}: no template is mapped for whatsapp, so its messages go by the next channel or wait"
        );
    }
    let synced = sync.succeeded_at.map_or_else(|| "never".to_owned(), output::time);
    println!("{sendable} of {} mapped templates may be sent; last sync: {synced}", mapped.len());
    if let Some(error) = sync.error {
        eprintln!("the last sync failed: {error}");
    }
    Ok(Exit::all_done(sendable == mapped.len()).into())
}

/// The kinds that may go by WhatsApp and have no template.
fn without_template(plan: &ChannelPlan, mapped: &[Mapped]) -> impl Iterator<Item = MessageKind> {
    let has =
        |kind| mapped.iter().any(|one| one.place.kind == kind && one.place.channel == Channel::Whatsapp);
    plan.kinds_on(Channel::Whatsapp).filter(move |kind| !has(*kind))
}
