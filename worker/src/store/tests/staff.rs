//! What staff do on the dashboard: tasks that need a person, and the acts about one.

use chrono::{TimeDelta, Utc};
use shared::{
    consent::{
        doors::Effect,
        staff_tasks::{self, Closing, Cursor},
    },
    domain::AttemptOutcome,
};
use sqlx::Executor;
use uuid::Uuid;

use super::doors::record;
use crate::store::{
    claim::ClaimResult,
    ended::Ended,
    fixtures::{ended, facts_at},
    staff_acts::{self, Acted, StaffAct, Target},
    world::World,
};

const DONE: Acted = Acted::Effect(Effect::Done);
const ALREADY: Acted = Acted::Effect(Effect::Already);

async fn act(world: &World, target: Target<'_>, act: StaffAct) -> Acted {
    staff_acts::carry_out(&world.pool, target, act, "maya", "asked by phone").await.unwrap()
}

/// The audit log: actor, action and reason of each entry, and whether the subject is a key that leads to `user`.
async fn audit(world: &World, user: Option<&str>) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', actor, a.action, a.reason, k.person_key IS NOT NULL)
               FROM audit_log a LEFT JOIN person_keys k
                    ON a.subject = 'person ' || k.person_key AND k.user_id IS NOT DISTINCT FROM $1
               ORDER BY a.id";
    sqlx::query_scalar(sql).bind(user).fetch_all(&world.pool).await.unwrap()
}

async fn the_task(world: &World) -> Uuid {
    sqlx::query_scalar("SELECT task_id FROM staff_tasks").fetch_one(&world.pool).await.unwrap()
}

async fn stored(world: &World, user: &str, number: u32) {
    record(world, &facts_at(user, number, Utc::now()), None, None).await;
}

#[tokio::test]
async fn open_tasks_are_listed_in_pages_the_oldest_first() {
    let world = World::create().await;
    // Two of the same time, of which the id decides, and a closed one.
    let sql = "INSERT INTO staff_tasks (task_id, kind, user_id, opened_at, opened_by, closed_at)
               SELECT gen_random_uuid(), k, k, now() - (age || ' hours')::interval, 'staff', closed
               FROM (VALUES ('loss', 1, NULL), ('wrong_number', 3, NULL), ('stop_request', 2, NULL), ('date', 2, NULL),
                            ('handoff', 9, now())) v(k, age, closed)";
    world.pool.execute(sql).await.unwrap();
    let (mut after, mut kinds) = (None, Vec::new());
    loop {
        let rows = staff_tasks::page(&world.pool, after, 2).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some(Cursor { opened_at: last.opened_at, task_id: last.task_id });
        kinds.extend(rows.into_iter().map(|row| row.kind));
    }
    let mut middle: Vec<String> = kinds.drain(1..3).collect();
    middle.sort_unstable();
    assert_eq!(
        (kinds, middle),
        (vec!["wrong_number".into(), "loss".into()], vec!["date".into(), "stop_request".to_owned()])
    );
    world.end().await;
}

#[tokio::test]
async fn each_look_at_a_task_is_audited() {
    let world = World::create().await;
    stored(&world, "ama", 7).await;
    assert_eq!(act(&world, Target::User("ama"), StaffAct::Loss).await, DONE);
    assert_eq!(staff_tasks::open_of_user(&world.pool, "ama").await.unwrap(), 1);
    let id = the_task(&world).await;
    for _ in 0..2 {
        let task = staff_tasks::look(&world.pool, id, "ram").await.unwrap().unwrap();
        assert_eq!(
            (task.kind.as_str(), task.user_id.as_deref(), task.is_of_user),
            ("loss", Some("ama"), true)
        );
        assert!(!format!("{task:?}").contains("984"), "{task:?}");
    }
    assert_eq!(staff_tasks::look_at_user(&world.pool, "ama", "ram").await.unwrap().len(), 1);
    let look = "ram task open  t";
    assert_eq!(audit(&world, Some("ama")).await, ["maya loss report asked by phone t", look, look, look]);
    assert_eq!(staff_tasks::look(&world.pool, Uuid::nil(), "ram").await.unwrap(), None);
    assert_eq!(staff_tasks::look_at_user(&world.pool, "ba", "ram").await.unwrap(), []);
    assert_eq!(audit(&world, Some("ama")).await.len(), 4, "nothing was seen");
    world.end().await;
}

#[tokio::test]
async fn a_task_tells_that_a_message_may_arrive_after_it() {
    let world = World::create().await;
    for (user, number) in
        [("no message", 6), ("in flight", 7), ("accepted", 8), ("delivered", 9), ("old", 10)]
    {
        let facts = facts_at(user, number, Utc::now());
        record(&world, &facts, None, None).await;
        if user != "no message" {
            let (request, claimed) = world.claim(&facts_at(user, number, Utc::now())).await;
            assert_eq!(claimed, ClaimResult::Yes, "{user}");
            if user != "in flight" {
                world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
            }
        }
    }
    let sql = "UPDATE attempts SET status_rank = 5 WHERE user_id = 'delivered';
               UPDATE attempts SET claimed_at = now() - interval '11 hours' WHERE user_id = 'old'";
    sqlx::raw_sql(sql).execute(&world.pool).await.unwrap();
    for (user, may_arrive) in
        [("no message", false), ("in flight", true), ("accepted", true), ("delivered", false), ("old", false)]
    {
        assert_eq!(act(&world, Target::User(user), StaffAct::Loss).await, DONE);
        let tasks = staff_tasks::look_at_user(&world.pool, user, "ram").await.unwrap();
        assert_eq!((tasks.len(), tasks[0].may_arrive), (1, may_arrive), "{user}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_task_is_closed_once() {
    let world = World::create().await;
    stored(&world, "ama", 7).await;
    act(&world, Target::User("ama"), StaffAct::WrongNumber).await;
    let id = the_task(&world).await;
    let close = || staff_tasks::settle(&world.pool, id, "maya", "called back");
    let (one, two) = tokio::join!(close(), close());
    let mut both = [one.unwrap(), two.unwrap()].map(|closing| format!("{closing:?}"));
    both.sort_unstable();
    assert_eq!(both, ["Already", "Done"]);
    assert_eq!(close().await.unwrap(), Closing::Already);
    let nothing = staff_tasks::settle(&world.pool, Uuid::nil(), "maya", "x").await.unwrap();
    assert_eq!(nothing, Closing::NoSuchTask);
    let audited = audit(&world, Some("ama")).await;
    assert_eq!(audited, ["maya suppress add asked by phone t", "maya task close called back t"]);
    assert_eq!(staff_tasks::open_of_user(&world.pool, "ama").await.unwrap(), 0);
    let closed = staff_tasks::look(&world.pool, id, "ram").await.unwrap().unwrap();
    assert_eq!(closed.closed_by.as_deref(), Some("maya"));
    world.end().await;
}

#[tokio::test]
async fn what_staff_take_back_is_as_before_and_a_repetition_changes_nothing() {
    let world = World::create().await;
    let of = Target::User("ama");
    stored(&world, "ama", 7).await;
    for (there, back) in [
        (StaffAct::Stop, StaffAct::Lift),
        (StaffAct::WrongNumber, StaffAct::Lift),
        (StaffAct::Loss, StaffAct::UndoLoss),
    ] {
        assert_eq!(act(&world, of, back).await, ALREADY, "{there:?}");
        assert_eq!(act(&world, of, there).await, DONE, "{there:?}");
        let rejected = there == StaffAct::WrongNumber;
        let ended = if rejected { "rejected wrong_number -" } else { "suppressed opted_out -" };
        assert_eq!(world.user("ama").await, ended, "{there:?}");
        let entries = world.count("SELECT count(*) FROM consent_ledger").await;
        assert_eq!(act(&world, of, there).await, ALREADY, "{there:?}");
        assert_eq!(world.count("SELECT count(*) FROM consent_ledger").await, entries, "{there:?}");
        if there == StaffAct::Loss {
            assert_eq!(act(&world, of, StaffAct::Lift).await, Acted::Effect(Effect::Held));
        }
        assert_eq!(act(&world, of, back).await, DONE, "{there:?}");
        assert_eq!(world.user("ama").await, "received - due -", "{there:?}");
    }
    let actions: Vec<String> = audit(&world, Some("ama")).await;
    let entry = |action: &str| format!("maya {action} asked by phone t");
    let expected =
        ["suppress add", "suppress remove", "suppress add", "suppress remove", "loss report", "loss undo"];
    assert_eq!(actions, expected.map(entry));
    let later = facts_at("ama", 7, Utc::now() + TimeDelta::seconds(1));
    assert_eq!(world.claim(&later).await.1, ClaimResult::Yes);
    world.end().await;
}

#[tokio::test]
async fn two_presses_at_once_are_one_change() {
    let world = World::create().await;
    for (n, which) in (1..).zip([StaffAct::Stop, StaffAct::StopTips, StaffAct::WrongNumber, StaffAct::Loss]) {
        let user = format!("u{n}");
        stored(&world, &user, n).await;
        let press = || act(&world, Target::User(&user), which);
        let (one, two) = tokio::join!(press(), press());
        assert!([(DONE, ALREADY), (ALREADY, DONE)].contains(&(one, two)), "{which:?}: {one:?} {two:?}");
        assert_eq!(
            audit(&world, Some(&user)).await.iter().filter(|a| a.ends_with('t')).count(),
            1,
            "{which:?}"
        );
    }
    world.end().await;
}

#[tokio::test]
async fn an_act_about_a_task_is_about_the_number_of_the_task() {
    let world = World::create().await;
    assert_eq!(world.claim(&facts_at("ama", 7, Utc::now())).await.1, ClaimResult::Yes);
    let sql = "INSERT INTO staff_tasks (task_id, kind, user_id, phone_e164, opened_by)
               VALUES (gen_random_uuid(), 'stop_request', 'ama', '+9779840000007', 'link')";
    world.pool.execute(sql).await.unwrap();
    world.pool.execute("UPDATE users SET phone_e164 = '+9779840000008'").await.unwrap();
    let id = the_task(&world).await;
    assert!(!staff_tasks::look(&world.pool, id, "ram").await.unwrap().unwrap().is_of_user);
    assert_eq!(act(&world, Target::Task(id), StaffAct::Stop).await, DONE);
    assert_eq!(act(&world, Target::Task(id), StaffAct::Stop).await, ALREADY);
    let stopped: Vec<String> =
        sqlx::query_scalar("SELECT phone_e164 FROM suppressions").fetch_all(&world.pool).await.unwrap();
    assert_eq!(stopped, ["+9779840000007"]);
    // A number whose user is not known.
    world.pool.execute("UPDATE staff_tasks SET user_id = NULL, phone_e164 = '+9779840000009'").await.unwrap();
    assert_eq!(act(&world, Target::Task(id), StaffAct::UndoLoss).await, ALREADY);
    assert_eq!(act(&world, Target::Task(id), StaffAct::WrongNumber).await, DONE);
    // A user who is not stored: the loss came before the user.
    world.pool.execute("DELETE FROM staff_tasks WHERE kind = 'wrong_number'").await.unwrap();
    world.pool.execute("UPDATE staff_tasks SET user_id = 'later', phone_e164 = NULL").await.unwrap();
    assert_eq!(act(&world, Target::Task(id), StaffAct::WrongNumber).await, Acted::NoNumber);
    assert_eq!(act(&world, Target::Task(id), StaffAct::Stop).await, DONE);
    assert_eq!(world.claim(&facts_at("later", 10, Utc::now())).await.1, ClaimResult::Suppressed);
    world.end().await;
}

#[tokio::test]
async fn an_act_about_nobody_changes_nothing() {
    let world = World::create().await;
    stored(&world, "ama", 7).await;
    world.pool.execute("UPDATE users SET phone_e164 = NULL").await.unwrap();
    assert_eq!(act(&world, Target::User("ama"), StaffAct::WrongNumber).await, Acted::NoNumber);
    for which in StaffAct::ALL {
        for target in [Target::User("nobody"), Target::User(""), Target::Task(Uuid::nil())] {
            assert_eq!(act(&world, target, which).await, Acted::NobodyFound, "{which:?} {target:?}");
        }
    }
    for table in
        ["consent_ledger", "suppressions", "silenced_users", "staff_tasks", "audit_log", "person_keys"]
    {
        assert_eq!(world.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    world.end().await;
}
