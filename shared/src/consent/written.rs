//! What people write to us: the doors that their messages go through.

use sqlx::PgConnection;

use super::{
    Door,
    doors::Effect,
    gate::Claims,
    ledger::NewEntry,
    numbers,
    passage::{Kind, LOST, change_in, loss_in},
};
use crate::{
    consent::Person,
    domain::{ConsentAction, Purpose},
    phone::E164,
};

/// What a message asks for or reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// No more messages.
    Stop,
    /// Messages again. A loss is not lifted by it.
    Start,
    /// The number belongs to another person.
    WrongNumber,
    /// A loss.
    Loss,
}

/// Carries out what somebody wrote from a number. Part of the transaction that marks the message as handled, so that a
/// message that is handled again changes nothing.
pub async fn carry_out(
    tx: &mut PgConnection,
    phone: &E164,
    wish: Wish,
    door: &Door<'_>,
) -> Result<Effect, sqlx::Error> {
    let found = numbers::find(tx, Person::Number(phone)).await?;
    let withdraw = NewEntry::of_all(&Purpose::ALL, ConsentAction::Withdraw);
    let done = match wish {
        Wish::Stop => change_in(tx, &found, (&withdraw, Kind::Plain), Claims::Wait, door).await?,
        Wish::WrongNumber => {
            change_in(tx, &found, (&withdraw, Kind::WrongNumber), Claims::Wait, door).await?
        }
        Wish::Start => {
            let grant = NewEntry::of_all(&[Purpose::Onboarding], ConsentAction::Grant);
            change_in(tx, &found, (&grant, Kind::Lift), Claims::Wait, door).await?
        }
        Wish::Loss => {
            let lost = NewEntry::of_all(&LOST, ConsentAction::Withdraw);
            loss_in(tx, &found, &lost, Claims::Wait, door).await?
        }
    };
    // Counted before the commit of the caller: a rare rollback is counted twice.
    Ok(done.count(door))
}
