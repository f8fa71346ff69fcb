//! What staff do about a person on the dashboard: the doors of the commands, under the commands' names.

use serde::Deserialize;
use shared::{
    consent::{
        Door, Person, Source,
        doors::{self, Effect},
    },
    domain::UserId,
    phone::E164,
};
use sqlx::PgPool;
use uuid::Uuid;

/// Something that staff may do about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StaffAct {
    /// Stop every message.
    Stop,
    /// Stop tips.
    StopTips,
    /// Enter a loss.
    Loss,
    /// The number belongs to somebody else.
    WrongNumber,
    /// Take back a stop or a wrong number.
    Lift,
    /// Take back a loss that was entered in error.
    UndoLoss,
}

impl StaffAct {
    /// Every act.
    pub(crate) const ALL: [Self; 6] =
        [Self::Stop, Self::StopTips, Self::WrongNumber, Self::Lift, Self::Loss, Self::UndoLoss];

    /// The name in forms.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::StopTips => "stop_tips",
            Self::Loss => "loss",
            Self::WrongNumber => "wrong_number",
            Self::Lift => "lift",
            Self::UndoLoss => "undo_loss",
        }
    }

    /// The command that does the same, as the audit log names it.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::Stop | Self::StopTips | Self::WrongNumber => "suppress add",
            Self::Lift => "suppress remove",
            Self::Loss => "loss report",
            Self::UndoLoss => "loss undo",
        }
    }
}

/// The person that an act is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// A stored user.
    User(&'a str),
    /// The number of a task, or the user of a task without a number.
    Task(Uuid),
    /// The number of a conversation, or its user if no number is known.
    Conversation(Uuid),
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acted {
    /// The door was gone through.
    Effect(Effect),
    /// The user or task was not found; nothing was changed.
    NobodyFound,
    /// The act is about a number, and the person has none; nothing was changed.
    NoNumber,
}

/// Carries out an act, in one transaction with its entry in the audit log.
pub(crate) async fn carry_out(
    pool: &PgPool,
    target: Target<'_>,
    act: StaffAct,
    actor: &str,
    reason: &str,
) -> Result<Acted, sqlx::Error> {
    let Some((user, phone)) = find(pool, target).await? else { return Ok(Acted::NobodyFound) };
    let person = match (target, &user, &phone) {
        (Target::Task(_) | Target::Conversation(_), _, Some(phone)) | (_, None, Some(phone)) => {
            Person::Number(phone)
        }
        (_, Some(user), _) => Person::User(user),
        (_, None, None) => return Ok(Acted::NobodyFound),
    };
    let door = Door { source: Source::Staff, actor, reason, action: Some(act.command()) };
    let effect = match act {
        StaffAct::Stop => doors::stop(pool, person, &door).await?,
        StaffAct::StopTips => doors::stop_tips(pool, person, &door).await?,
        StaffAct::Loss => doors::loss(pool, person, &door).await?,
        StaffAct::WrongNumber if phone.is_none() => return Ok(Acted::NoNumber),
        StaffAct::WrongNumber => doors::wrong_number(pool, person, &door).await?,
        StaffAct::Lift => doors::lift(pool, person, &door).await?,
        // A loss is taken back for the user whose loss it was, if there was one.
        StaffAct::UndoLoss => {
            let whose = user.as_ref().map_or(person, Person::User);
            doors::undo_loss(pool, whose, &door).await?
        }
    };
    Ok(Acted::Effect(effect))
}

/// The user and the number of a target, as far as they are known. None: the target was not found.
async fn find(
    pool: &PgPool,
    target: Target<'_>,
) -> Result<Option<(Option<UserId>, Option<E164>)>, sqlx::Error> {
    let (user, phone) = match target {
        Target::User(user) => {
            let stored = sqlx::query_scalar!("SELECT phone_e164 FROM users WHERE user_id = $1", user);
            let Some(phone) = stored.fetch_optional(pool).await? else { return Ok(None) };
            (Some(user.to_owned()), phone)
        }
        Target::Task(id) => {
            let task = sqlx::query!("SELECT user_id, phone_e164 FROM staff_tasks WHERE task_id = $1", id);
            let Some(task) = task.fetch_optional(pool).await? else { return Ok(None) };
            (task.user_id, task.phone_e164)
        }
        Target::Conversation(id) => {
            let talk =
                sqlx::query!("SELECT user_id, phone_e164 FROM conversations WHERE conversation_id = $1", id);
            let Some(talk) = talk.fetch_optional(pool).await? else { return Ok(None) };
            (talk.user_id, talk.phone_e164)
        }
    };
    let user = user.and_then(|user| UserId::parse(&user).ok());
    Ok(Some((user, phone.and_then(|phone| E164::parse(&phone).ok()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_name_every_act() {
        for act in StaffAct::ALL {
            let named = serde_json::Value::from(act.as_str());
            assert_eq!(serde_json::from_value::<StaffAct>(named).unwrap(), act);
        }
    }
}
