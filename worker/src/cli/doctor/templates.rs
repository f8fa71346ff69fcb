//! The templates of WhatsApp: whether each mapped one may be sent, can be filled and has a price, what is missing, and how old
//! the registry is.

use std::time::Duration;

use shared::{
    config::Env,
    domain::{Channel, ChannelPlan, MessageKind},
    templates::{Category, CategoryPrices, Field, Language},
};
use sqlx::PgConnection;

use super::{
    database::{self, STALE},
    finding::Findings,
};
use crate::{
    config::{StopLinks, audience, channel_plan, help_line, whatsapp_prices},
    store::{
        contents::{self, SyncState},
        templates::{self, Mapped},
    },
    templates::{Verdict, language_risk},
};

const MAPPED: &str = "mapped";
const SYNC: &str = "sync";

/// The settings that templates are judged by.
struct Settings {
    plan: ChannelPlan,
    prices: CategoryPrices,
    /// Of users without a language.
    language: Language,
    /// Messages carry a stop link, and a number for help.
    stop_links: bool,
    help_line: bool,
}

pub(super) async fn check(found: &mut Findings) {
    let mut env = Env::of_process();
    let settings = (channel_plan(&mut env), whatsapp_prices(&mut env), audience(&mut env).language);
    let Ok((plan, prices, language)) = env.finish(settings) else {
        return found.skipped(MAPPED, "not judged: see CHANNELS and WHATSAPP_PRICE_USD above");
    };
    // Its faults are shown above.
    let mut env = Env::of_process();
    let (stop_links, help_line) = (StopLinks::read(&mut env).is_some(), help_line(&mut env).is_some());
    let settings = Settings { plan, prices, language, stop_links, help_line };
    let Some(mut connection) = database::connect_migrated(found, MAPPED).await else { return };
    match read(&mut connection).await {
        Ok((mapped, sync)) => judge(found, &settings, &mapped, &sync),
        Err(error) => database::failed(found, MAPPED, Some(error)),
    }
}

async fn read(connection: &mut PgConnection) -> Result<(Vec<Mapped>, SyncState), sqlx::Error> {
    Ok((templates::mapped(&mut *connection).await?, contents::sync_state(connection).await?))
}

fn judge(found: &mut Findings, settings: &Settings, mapped: &[Mapped], sync: &SyncState) {
    let plan = &settings.plan;
    if mapped.is_empty() {
        let kinds: Vec<&str> = plan.kinds_on(Channel::Whatsapp).map(MessageKind::as_str).collect();
        let text = if kinds.is_empty() {
            "none, and CHANNELS does not list whatsapp".to_owned()
        } else {
            format!("none: {} cannot go by WhatsApp", kinds.join(", "))
        };
        return found.skipped(MAPPED, text);
    }
    for one in mapped {
        judge_one(found, settings.prices, one);
        judge_fields(found, settings, one);
    }
    for kind in plan.kinds_on(Channel::Whatsapp) {
        let mut of_kind = mapped.iter().filter(|one| one.place.kind == kind).peekable();
        if of_kind.peek().is_none() {
            let text = format!("{kind}: no template for whatsapp, which CHANNELS lists");
            found.warning(MAPPED, text, "map one, or change CHANNELS: docs/whatsapp.md");
        } else if !of_kind.any(|one| one.place.language == settings.language) {
            let text = format!("{kind}: no template in {}, the default language", settings.language);
            let advice = "map one: a template in another language never stands in";
            found.warning(MAPPED, text, advice);
        }
    }
    judge_sync(found, sync);
}

/// A template that shows what its messages never have is never sent.
fn judge_fields(found: &mut Findings, settings: &Settings, one: &Mapped) {
    for field in one.variables.values().filter_map(|field| field.parse().ok()) {
        let (why, advice) = match field {
            Field::StopAddress | Field::StopCode if !settings.stop_links => {
                ("STOP_LINK_BASE is not set", "set STOP_LINK_BASE and LINK_KEY, or map a template without it")
            }
            Field::HelpLine if !settings.help_line => {
                ("HELP_LINE, or STOP_LINK_BASE, is not set", "set both, or map a template without it")
            }
            Field::Week | Field::Text if one.place.kind == MessageKind::Welcome => {
                ("a welcome has none", "map a template without it")
            }
            _ => continue,
        };
        let text = format!("{} {}: shows {field}, and {why}", one.place, one.content.content_sid);
        found.misconfigured("fields", text, advice);
    }
}

fn judge_one(found: &mut Findings, prices: CategoryPrices, one: &Mapped) {
    let (verdict, content) = (Verdict::of(one), &one.content);
    let name = format!("{} {} ({})", one.place, content.content_sid, content.friendly_name);
    if verdict.is_sendable() {
        let text = format!("{name}: approved, {}, placeholders fit", content.category.to_lowercase());
        found.passed(MAPPED, text);
    } else {
        let reason = match content.rejection_reason.as_str() {
            "" => String::new(),
            reason => format!(" ({reason})"),
        };
        found.misconfigured(MAPPED, format!("{name}: {verdict}{reason}"), verdict.advice());
    }
    match Category::of_twilio(&content.category).map(|category| (category, prices.of(category))) {
        Some((_, Some(_))) => {}
        Some((category, None)) => {
            let advice = format!("add {category}=… to WHATSAPP_PRICE_USD, or estimates leave its cost out");
            found.warning("price", format!("{name}: no price for {category}"), advice);
        }
        None => {
            let text = format!("{name}: the category {:?} is not known", content.category);
            found.warning("price", text, "estimates leave its cost out; see Twilio's console");
        }
    }
    if let Some(risk) = language_risk(one.place.language, &content.template_language) {
        let advice =
            "Meta has no code for Nepali: watch for a rejection, and keep a second variant or SMS ready";
        found.warning("language", format!("{name}: {risk}"), advice);
    }
}

fn judge_sync(found: &mut Findings, sync: &SyncState) {
    let hours = |age: Duration| age.as_secs() / 3600;
    match (sync.age, &sync.error) {
        (None, _) => found.warning(SYNC, "never succeeded", "run `worker templates sync`"),
        (Some(age), error) if age > STALE => {
            let why = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            let text = format!("the last one that succeeded was {} h ago{why}", hours(age));
            let advice = "the templates stay as they were then; run `worker templates sync`, and see whether a worker runs";
            found.warning(SYNC, text, advice);
        }
        (Some(_), Some(error)) => {
            let text = format!("the last one failed: {error}");
            found.warning(SYNC, text, "the last known state applies; `worker templates sync` tries again");
        }
        (Some(age), None) => found.passed(SYNC, format!("{} min ago", age.as_secs() / 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::doctor::finding::{Finding, Mark},
        templates::fixtures::mapped,
    };

    const DAY: u64 = 24 * 3600;

    fn of(plan: &str, mapped: &[Mapped], age: Option<u64>, error: Option<&str>) -> Vec<Finding> {
        let mut found = Findings::default();
        let age = age.map(Duration::from_secs);
        let sync = SyncState { succeeded_at: None, age, error: error.map(str::to_owned) };
        judge(&mut found, &settings(plan), mapped, &sync);
        found.into_vec()
    }

    fn settings(plan: &str) -> Settings {
        Settings {
            plan: plan.parse().unwrap(),
            prices: "utility=0.009".parse().unwrap(),
            language: Language::Ne,
            stop_links: false,
            help_line: false,
        }
    }

    fn marks(found: &[Finding]) -> Vec<(&str, Mark)> {
        found.iter().map(|finding| (finding.check, finding.result)).collect()
    }

    #[test]
    fn without_a_mapping_nothing_is_judged() {
        let found = of("", &[], None, None);
        assert_eq!(marks(&found), [(MAPPED, Mark::Skipped)]);
        assert_eq!(found[0].text, "none: tip cannot go by WhatsApp");
        assert_eq!(of("tip=sms", &[], None, None)[0].text, "none, and CHANNELS does not list whatsapp");
    }

    #[test]
    fn a_sendable_template_passes_with_a_word_about_its_language() {
        let one = mapped();
        let found = of("", std::slice::from_ref(&one), Some(180), None);
        let expected = [(MAPPED, Mark::Passed), ("language", Mark::Warning), (SYNC, Mark::Passed)];
        assert_eq!(marks(&found), expected);
        assert!(found[0].text.ends_with("approved, utility, placeholders fit"), "{}", found[0].text);
        assert!(found[1].text.contains("filed under `hi`"), "{}", found[1].text);
        let mut english = one;
        english.place.language = Language::En;
        english.content.template_language = "en_GB".to_owned();
        english.mapped_language = "en_GB".to_owned();
        let found = of("", &[mapped(), english], Some(180), None);
        assert_eq!(found.iter().filter(|finding| finding.check == "language").count(), 1, "{found:?}");
    }

    #[test]
    fn a_template_that_may_not_be_sent_fails_with_metas_reason() {
        let mut one = mapped();
        one.content.status = "rejected".to_owned();
        one.content.rejection_reason = "INVALID_FORMAT. Too many placeholders.".to_owned();
        let found = of("", &[one], Some(180), None);
        assert_eq!(found[0].result, Mark::Failed);
        let end = "rejected (INVALID_FORMAT. Too many placeholders.)";
        assert!(found[0].text.ends_with(end), "{}", found[0].text);
    }

    #[test]
    fn a_category_without_a_price_is_a_warning() {
        for (category, words) in [("MARKETING", "no price for marketing"), ("NEW", "\"NEW\" is not known")] {
            let mut one = mapped();
            one.content.category = category.to_owned();
            one.mapped_category = category.to_owned();
            let found = of("", &[one], Some(180), None);
            assert_eq!((found[1].check, found[1].result), ("price", Mark::Warning));
            assert!(found[1].text.contains(words), "{}", found[1].text);
        }
    }

    #[test]
    fn a_kind_on_whatsapp_without_a_template_is_a_warning() {
        let found = of("welcome=whatsapp,sms", &[mapped()], Some(180), None);
        let missing = found.iter().find(|finding| finding.text.starts_with("welcome: no template")).unwrap();
        assert_eq!(missing.result, Mark::Warning);
    }

    #[test]
    fn a_missing_template_of_the_default_language_is_a_warning() {
        let mut english = mapped();
        english.place.language = Language::En;
        let missing = |mapped: &[Mapped]| {
            of("", mapped, Some(180), None).iter().any(|finding| {
                finding.result == Mark::Warning
                    && finding.text == "tip: no template in ne, the default language"
            })
        };
        assert!(missing(std::slice::from_ref(&english)));
        assert!(!missing(&[english, mapped()]));
    }

    #[test]
    fn a_template_that_shows_what_its_messages_never_have_fails() {
        let shows = |kind, field: Field, settings: &Settings| {
            let mut one = mapped();
            one.place.kind = kind;
            one.variables = [("1".to_owned(), field.to_string())].into();
            let mut found = Findings::default();
            judge_fields(&mut found, settings, &one);
            found.into_vec().iter().map(|finding| finding.result).collect::<Vec<_>>()
        };
        let (none, all) = (settings(""), Settings { stop_links: true, help_line: true, ..settings("") });
        for field in [Field::StopAddress, Field::StopCode, Field::HelpLine] {
            assert_eq!(shows(MessageKind::Welcome, field, &none), [Mark::Failed], "{field}");
            assert_eq!(shows(MessageKind::Welcome, field, &all), [], "{field}");
        }
        for field in [Field::Week, Field::Text] {
            assert_eq!(shows(MessageKind::Welcome, field, &all), [Mark::Failed], "{field}");
            assert_eq!(shows(MessageKind::Tip, field, &all), [], "{field}");
        }
        assert_eq!(shows(MessageKind::Welcome, Field::Name, &none), [], "some users have one");
    }

    #[test]
    fn an_old_or_failing_sync_is_a_warning() {
        for (age, error, mark, words) in [
            (Some(60), None, Mark::Passed, "1 min ago"),
            (Some(DAY), None, Mark::Passed, "1440 min ago"),
            (Some(DAY + 1), None, Mark::Warning, "24 h ago"),
            (Some(2 * DAY), Some("HTTP 500"), Mark::Warning, "48 h ago: HTTP 500"),
            (Some(60), Some("HTTP 500"), Mark::Warning, "the last one failed: HTTP 500"),
            (None, Some("HTTP 500"), Mark::Warning, "never succeeded"),
        ] {
            let found = of("", &[mapped()], age, error);
            let last = found.last().unwrap();
            assert_eq!((last.check, last.result), (SYNC, mark));
            assert!(last.text.contains(words), "{}", last.text);
        }
    }
}
