//! `worker templates map` and `worker templates unmap`

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
    str::FromStr,
};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use shared::{
    cli::{Actor, Failure},
    domain::{Channel, MessageKind},
    templates::{ContentSid, Field, Language, Slot, UnknownField, Variant, variables},
};
use sqlx::PgPool;

use crate::{
    store::templates::{self, Content, Place},
    templates::{Verdict, language_risk},
};

const MAP_EXAMPLES: &str = "\
Examples:
  worker templates map welcome welcome ne HX… --var 1=stop_address --reason 'approved today'
  worker templates map tip pregnancy ne HX… --var 1=week --var 2=text --reason 'first wording'
  worker templates map tip pregnancy ne HX… --variant b --var 1=week --var 2=text --reason 'second wording'

Each placeholder of the template needs one --var. Fields: name, week, text, stop_address, stop_code, help_line.
The mapping keeps the template's present language and category: if Meta changes one, the template is not sent until it
is mapped again.";

const UNMAP_EXAMPLES: &str = "\
Examples:
  worker templates unmap tip pregnancy ne --reason 'reworded'
  worker templates unmap tip pregnancy ne --variant b --reason 'users complained'";

#[derive(Debug, clap::Args)]
#[command(before_help = MAP_EXAMPLES)]
pub(in crate::cli) struct Map {
    #[command(flatten)]
    target: Target,
    /// The template, `HX` and 32 hexadecimal digits: `worker templates list`
    content_sid: ContentSid,
    #[command(flatten)]
    variant: VariantArgument,
    /// The field that a placeholder shows, such as `1=week`; once for each placeholder
    #[arg(long = "var", value_name = "NAME=FIELD", value_parser = variable)]
    variables: Vec<(String, Field)>,
    #[command(flatten)]
    because: Because,
}

#[derive(Debug, clap::Args)]
#[command(before_help = UNMAP_EXAMPLES)]
pub(in crate::cli) struct Unmap {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    variant: VariantArgument,
    #[command(flatten)]
    because: Because,
}

#[derive(Debug, clap::Args)]
struct Target {
    /// The kind of message
    #[arg(value_parser = one_of::<MessageKind>(&MessageKind::NAMES))]
    kind: MessageKind,
    /// The occasion of the message
    #[arg(value_parser = one_of::<Slot>(&Slot::ALL.map(Slot::as_str)))]
    slot: Slot,
    /// The language of the message: ne or en
    language: Language,
}

#[derive(Debug, clap::Args)]
struct VariantArgument {
    /// Which of two templates for the same messages; each gets half of them
    #[arg(long, value_parser = one_of::<Variant>(&Variant::ALL.map(Variant::as_str)), default_value = "a")]
    variant: Variant,
}

#[derive(Debug, clap::Args)]
struct Because {
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    actor: Actor,
}

impl Target {
    /// Only WhatsApp has templates.
    fn place(&self, variant: &VariantArgument) -> Place {
        let (kind, slot, language) = (self.kind, self.slot, self.language);
        Place { kind, slot, language, channel: Channel::Whatsapp, variant: variant.variant }
    }
}

/// Reads one of the names, and lists them in the help.
fn one_of<T>(names: &[&'static str]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names.to_vec()).try_map(|name| name.parse::<T>())
}

fn variable(text: &str) -> Result<(String, Field), String> {
    let (name, field) = text.split_once('=').ok_or("give NAME=FIELD, such as 1=week")?;
    let field = field.parse().map_err(|error: UnknownField| error.to_string())?;
    Ok((name.to_owned(), field))
}

pub(super) async fn map(pool: &PgPool, arguments: &Map) -> Result<ExitCode, Failure> {
    let sid = &arguments.content_sid;
    let unknown = || {
        Failure::usage(format!(
            "the registry does not know {sid}: run `worker templates sync`, then repeat the command"
        ))
    };
    let content = templates::content(pool, sid).await.map_err(Failure::statement)?.ok_or_else(unknown)?;
    if content.removed_at.is_some() {
        return Err(Failure::usage(format!(
            "Twilio does not list {sid} any more: run `worker templates sync`, or map another template"
        )));
    }
    let fields = fields(&arguments.variables)?;
    check(&content, &fields)?;
    let place = arguments.target.place(&arguments.variant);
    let (actor, reason) = (arguments.because.actor.name(), &arguments.because.reason);
    let mapped =
        templates::map(pool, place, sid, &fields, (&actor, reason)).await.map_err(Failure::statement)?;
    if !mapped {
        return Err(unknown());
    }
    let all = templates::mapped(pool).await.map_err(Failure::statement)?;
    let verdict = all.iter().find(|mapped| mapped.place == place).map(Verdict::of);
    let state = verdict.as_ref().map(Verdict::to_string).unwrap_or_default();
    println!("{place} mapped to {sid} {}: {state}", content.friendly_name);
    if let Some(verdict) = verdict.filter(|verdict| !verdict.is_sendable()) {
        eprintln!("it is not sent yet: {}", verdict.advice());
    }
    if let Some(risk) = language_risk(place.language, &content.template_language) {
        eprintln!("{risk}");
    }
    Ok(ExitCode::SUCCESS)
}

fn fields(variables: &[(String, Field)]) -> Result<BTreeMap<String, Field>, Failure> {
    let mut fields = BTreeMap::new();
    for (name, field) in variables {
        if fields.insert(name.clone(), *field).is_some() {
            return Err(Failure::usage(format!("--var names {name} twice: keep one")));
        }
    }
    Ok(fields)
}

fn check(content: &Content, fields: &BTreeMap<String, Field>) -> Result<(), Failure> {
    let placeholders: BTreeSet<String> = content.placeholders.iter().cloned().collect();
    variables::check_names(&placeholders, fields.keys()).map_err(|unfit| {
        let names = if placeholders.is_empty() { "none".to_owned() } else { content.placeholders.join(", ") };
        Failure::usage(format!("{unfit}. Placeholders of {}: {names}", content.content_sid))
    })
}

pub(super) async fn unmap(pool: &PgPool, arguments: &Unmap) -> Result<ExitCode, Failure> {
    let place = arguments.target.place(&arguments.variant);
    let (actor, reason) = (arguments.because.actor.name(), &arguments.because.reason);
    let removed = templates::unmap(pool, place, (&actor, reason)).await.map_err(Failure::statement)?;
    match removed {
        Some(sid) => println!("{place} no longer mapped to {sid}"),
        None => println!("{place} was not mapped"),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_and_the_page_name_every_field() {
        let page = include_str!("../../../../docs/whatsapp.md");
        let list = MAP_EXAMPLES.split("Fields: ").nth(1).unwrap().split('.').next().unwrap();
        let named: Vec<&str> = list.split(", ").collect();
        assert_eq!(named, Field::ALL.map(Field::as_str));
        for field in Field::ALL {
            assert!(page.contains(&format!("\n| `{field}` |")), "{field}");
        }
    }

    #[test]
    fn a_variable_is_a_placeholder_and_a_field() {
        assert_eq!(variable("1=week"), Ok(("1".to_owned(), Field::Week)));
        for (text, words) in [("1", "NAME=FIELD"), ("1=", "unknown field"), ("1=phone", "unknown field")] {
            assert!(variable(text).unwrap_err().contains(words), "{text}");
        }
    }
}
