//! The template of a welcome by WhatsApp: whether there is one, and whether it can be filled.

use shared::{
    cli::Failure,
    domain::{Channel, MessageKind, UserId},
    templates::{Field, Fields, Language, Slot, Unfit},
};

use super::steps::Steps;
use crate::{
    app::Parts,
    config::Config,
    store::templates::{self, Mapped},
    templates::Verdict,
};

const TEMPLATE: &str = "template";

/// Whether the welcome has a template that can be sent to a user with this name.
pub(super) async fn check(
    steps: &mut Steps,
    config: &Config,
    parts: &Parts,
    user: &UserId,
    name: Option<&str>,
) -> Result<bool, Failure> {
    let language = config.audience.language;
    let today = parts.pipeline.waits.today();
    let (kind, slot) = (MessageKind::Welcome, Slot::Welcome.as_str());
    let chosen = parts.templates.choose(kind, slot, language, Channel::Whatsapp, user.as_str(), today);
    let Some(template) = chosen else {
        let mapped = templates::mapped(&parts.pools.tasks).await.map_err(Failure::statement)?;
        steps.failed(TEMPLATE, missing(language, &mapped));
        return Ok(false);
    };
    let sid = template.content_sid.as_str();
    match template.fill(&fields(config, name)) {
        Ok(_) => {
            let category = template.category.map_or("unknown category", shared::templates::Category::as_str);
            steps.passed(TEMPLATE, format!("{sid}, welcome in {language}, {category}"));
            Ok(true)
        }
        Err(unfit) => {
            let advice = match unfit {
                Unfit::NoField(Field::Name) => "give one with --name",
                _ => "`worker doctor` says more, section templates",
            };
            steps.failed(TEMPLATE, format!("{sid} cannot be filled: {unfit}; {advice}"));
            Ok(false)
        }
    }
}

/// What such a message has. Addresses are examples: the pipeline makes that of the number.
fn fields(config: &Config, name: Option<&str>) -> Fields {
    let links = config.stop_links.as_ref();
    let address = links.map(|links| links.base.example());
    let code = address.as_deref().and_then(|address| address.rsplit('/').next()).map(str::to_owned);
    Fields::default()
        .with_known(Field::Name, name.filter(|name| !name.trim().is_empty()))
        .with_known(Field::HelpLine, config.help_line.as_deref())
        .with_known(Field::StopCode, code)
        .with_known(Field::StopAddress, address)
}

/// Why no template may be sent.
fn missing(language: Language, mapped: &[Mapped]) -> String {
    let of_welcomes: Vec<&Mapped> = mapped
        .iter()
        .filter(|one| one.place.kind == MessageKind::Welcome && one.place.language == language)
        .collect();
    if of_welcomes.is_empty() {
        return format!(
            "none is mapped for welcomes in {language}: `worker templates map welcome welcome {language} HX… --reason …` \
             (docs/whatsapp.md)"
        );
    }
    let reasons = of_welcomes.iter().map(|one| {
        let verdict = Verdict::of(one);
        format!("{} is {verdict}: {}", one.content.content_sid, verdict.advice())
    });
    reasons.collect::<Vec<_>>().join("; ")
}
