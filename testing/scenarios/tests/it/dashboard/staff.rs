//! What staff do about a person: the forms of a user's page, and the tasks that need a person.

use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv, number};

use super::{
    browser::{Browser, Page},
    signed_in, test_env,
};

/// Everything that a form about a person may change, but for the audit log.
const STORED: &str = "SELECT (SELECT count(*) FROM consent_ledger) * 10000 + (SELECT count(*) FROM suppressions) * 100
                             + (SELECT count(*) FROM staff_tasks) * 10 + (SELECT count(*) FROM staff_tasks WHERE closed_at IS NULL)";
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

async fn audited(test: &TestEnv, actor: &str, action: &str) -> anyhow::Result<i64> {
    let sql = format!("SELECT count(*) FROM audit_log WHERE actor = '{actor}' AND action = '{action}'");
    test.database.number(&sql).await
}

pub(super) async fn welcomed(test: &TestEnv, users: u32) -> anyhow::Result<()> {
    for n in 1..=users {
        test.signup(&format!("user-{n}"), &number(n)).await?;
        test.until_case(&format!("user-{n}"), "registered delivered -").await?;
    }
    Ok(())
}

async fn press(browser: &mut Browser, user: &str, act: &str) -> anyhow::Result<Page> {
    browser.act("/person/act", &[("user", user), ("act", act), ("reason", "asked by phone")]).await
}

async fn task_of(test: &TestEnv, user: &str) -> anyhow::Result<String> {
    let sql = "SELECT task_id::text FROM staff_tasks WHERE user_id = $1";
    Ok(sqlx::query_scalar(sql).bind(user).fetch_one(&test.database.pool).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_stop_messages_and_take_that_back() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    welcomed(&test, 1).await?;
    let mut maya = signed_in(&test, "maya").await?;
    let mut asha = signed_in(&test, "asha").await?;
    for (act, note, stopped) in [
        ("lift", "nothing_to_take_back", 0),
        ("stop_tips", "entered", 0),
        ("stop_tips", "entered_already", 0),
        ("stop", "entered", 1),
        ("stop", "entered_already", 1),
        ("lift", "taken_back", 0),
        ("wrong_number", "entered", 1),
        ("wrong_number", "entered_already", 1),
        ("lift", "taken_back", 0),
        ("undo_loss", "nothing_to_take_back", 0),
        ("loss", "entered", 1),
        ("loss", "entered_already", 1),
        ("lift", "stays_stopped", 1),
        ("undo_loss", "taken_back", 0),
    ] {
        // Losses are for the care team alone.
        let staff = if act.contains("loss") { &mut asha } else { &mut maya };
        let page = press(staff, "user-1", act).await?;
        let to = format!("/person?id=user-1&note={note}");
        assert_eq!((page.status, page.header("location")), (303, to.as_str()), "{act}");
        let shown = maya.get(&to).await?;
        assert!(shown.status == 200 && shown.body.contains("role=\"status\""), "{act}: {}", shown.body);
        let sql = "SELECT count(*) FROM suppressions WHERE lifted_at IS NULL AND source = 'staff'";
        assert_eq!(test.database.number(sql).await?, stopped, "{act}");
    }
    // What the commands call them.
    for (actor, action, times) in [
        ("maya", "suppress add", 3),
        ("maya", "suppress remove", 2),
        ("asha", "loss report", 1),
        ("asha", "loss undo", 1),
    ] {
        assert_eq!(audited(&test, actor, action).await?, times, "{action}");
    }
    let named = "SELECT count(*) FROM audit_log WHERE subject LIKE '%user-1%' OR subject LIKE '%+9779%'";
    assert_eq!(test.database.number(named).await?, 0);
    let consents = maya.get("/person?id=user-1").await?.body;
    assert!(consents.contains(">Consents<") && consents.contains(">staff<"), "{consents}");
    test.finish(Expect::users(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_before_the_welcome_ends_it() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    for n in 1..=3 {
        test.database.import(&format!("user-{n}"), &number(n)).await?;
    }
    let mut asha = signed_in(&test, "asha").await?;
    for (user, act) in [("user-1", "stop"), ("user-2", "loss"), ("user-3", "wrong_number")] {
        assert!(press(&mut asha, user, act).await?.header("location").ends_with("note=entered"), "{act}");
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(user).bytes()).await?;
    }
    test.until_drained().await?;
    // No view tells a loss from a stop.
    test.until_case("user-1", "suppressed skipped opted_out").await?;
    test.until_case("user-2", "suppressed skipped opted_out").await?;
    test.until_case("user-3", "rejected not_sent wrong_number").await?;
    assert_eq!(test.simulator.sent().await?.len(), 0);
    test.finish(Expect::users(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_about_a_person_that_is_not_complete_changes_nothing() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    welcomed(&test, 1).await?;
    let mut maya = signed_in(&test, "maya").await?;
    press(&mut maya, "user-1", "wrong_number").await?;
    let (task, before) = (task_of(&test, "user-1").await?, test.database.number(STORED).await?);
    let long = "x".repeat(201);
    let huge = "x".repeat(40_000);
    let (user, stop, why) = (("user", "user-1"), ("act", "lift"), ("reason", "x"));
    for (fields, status) in [
        (vec![user, stop], 422),
        (vec![user, stop, ("reason", "")], 422),
        (vec![user, stop, ("reason", " \t")], 422),
        (vec![user, stop, ("reason", "\0")], 422),
        (vec![user, stop, ("reason", &long)], 422),
        (vec![user, stop, ("reason", &huge)], 413),
        (vec![user, why], 422),
        (vec![user, ("act", "erase"), why], 422),
        (vec![stop, why], 422),
        (vec![user, ("task", &task), stop, why], 422),
        (vec![("task", "1042"), stop, why], 422),
        (vec![("user", "user\0"), stop, why], 422),
    ] {
        assert_eq!(maya.act("/person/act", &fields).await?.status, status, "{fields:.80?}");
    }
    for (fields, to) in [
        (("user", "nobody"), "/people?note=nobody"),
        (("user", ""), "/people?note=nobody"),
        (("task", NOBODY), "/tasks?note=no_such_task"),
    ] {
        let page = maya.act("/person/act", &[fields, stop, why]).await?;
        assert_eq!((page.status, page.header("location")), (303, to), "{fields:?}");
    }
    for (fields, status) in [
        (vec![("task", task.as_str())], 422),
        (vec![("task", &task), ("reason", " ")], 422),
        (vec![("task", "1042"), why], 422),
        (vec![why], 422),
    ] {
        assert_eq!(maya.act("/tasks/close", &fields).await?.status, status, "{fields:?}");
    }
    // Without the token of the session.
    let mut other = signed_in(&test, "maya").await?;
    let foreign = other.get("/").await?.token()?;
    for token in [vec![], vec![("csrf", "")], vec![("csrf", foreign.as_str())]] {
        let fields = [token.clone(), vec![user, stop, why]].concat();
        assert_eq!(maya.post("/person/act", &fields).await?.status, 403, "{token:?}");
        let fields = [token.clone(), vec![("task", task.as_str()), why]].concat();
        assert_eq!(maya.post("/tasks/close", &fields).await?.status, 403, "{token:?}");
    }
    for path in ["/person/act", "/tasks/close"] {
        assert_eq!(maya.get(path).await?.status, 405, "{path}: a link changes nothing");
    }
    assert_eq!(test.database.number(STORED).await?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_shows_whom_it_is_about_only_when_it_is_opened_and_each_look_is_audited() -> anyhow::Result<()>
{
    let test = test_env(TestEnv::builder()).await?;
    welcomed(&test, 2).await?;
    let mut maya = signed_in(&test, "maya").await?;
    let mut asha = signed_in(&test, "asha").await?;
    for (user, act) in [("user-1", "loss"), ("user-2", "stop")] {
        press(&mut asha, user, act).await?;
    }
    let task = task_of(&test, "user-1").await?;
    let mut ram = signed_in(&test, "ram").await?;
    // The list, for both roles.
    let list = maya.get("/tasks").await?.body;
    assert!(list.contains("changed situation") && list.contains(&format!("/task?id={task}")), "{list}");
    let seen = ram.get("/tasks").await?.body;
    assert!(seen.contains("changed situation") && !seen.contains("/task?"), "{seen}");
    for body in [&list, &seen] {
        assert!(!body.contains("user-1") && !body.contains("+977") && !body.contains("loss"), "{body}");
    }
    // The pages of both users are the same to those who only look.
    let mut pages = Vec::new();
    for user in ["user-1", "user-2"] {
        let page = ram.get(&format!("/person?id={user}")).await?.body;
        assert!(
            !page.contains("/task?") && !page.contains("/person/act") && !page.contains("support"),
            "{page}"
        );
        pages.push(page.matches("<td data-label=\"Agreed\"><span class=\"badge\">no").count());
    }
    assert_eq!(pages, [4, 4]);
    for path in [format!("/task?id={task}"), "/task?user=user-1".to_owned()] {
        let refused = ram.get(&path).await?;
        assert!(refused.status == 403 && !refused.body.contains("user-1"), "{refused:?}");
    }
    assert_eq!(audited(&test, "ram", "task open").await?, 0);
    // Opened.
    for (n, path) in (1..).zip([format!("/task?id={task}"), "/task?user=user-1".to_owned()]) {
        let page = maya.get(&path).await?;
        assert_eq!(page.status, 200, "{path}");
        for word in ["user-1", "+977••••••••", "changed situation", "action=\"/tasks/close\""]
        {
            assert!(page.body.contains(word), "{path} lacks {word}: {}", page.body);
        }
        assert!(!page.body.contains(&number(1)[6..]), "{path} shows the number");
        assert_eq!(audited(&test, "maya", "task open").await?, n);
        // The page's script asks for it again and again, and sees nothing new.
        let refresh = maya.get_with(&path, &[("X-Refresh", "1")]).await?;
        assert_eq!((refresh.status, refresh.body.as_str()), (204, ""));
        assert_eq!(audited(&test, "maya", "task open").await?, n, "no look");
    }
    for path in [format!("/task?id={NOBODY}"), "/task?user=user-2".to_owned(), "/task?user=nobody".to_owned()]
    {
        assert_eq!(maya.get(&path).await?.header("location"), "/tasks?note=no_such_task", "{path}");
    }
    for path in
        ["/task", "/task?id=1", "/task?id=", &format!("/task?id={task}&user=user-1"), "/task?user=%00"]
    {
        assert_eq!(maya.get(path).await?.status, 422, "{path}");
    }
    // Closed.
    for note in ["task_closed", "task_closed_already"] {
        let page = maya.act("/tasks/close", &[("task", &task), ("reason", "called back")]).await?;
        assert_eq!(page.header("location"), format!("/tasks?note={note}"));
    }
    assert_eq!(audited(&test, "maya", "task close").await?, 1);
    assert!(maya.get("/tasks").await?.body.contains("Nothing here."));
    assert!(!maya.get("/person?id=user-1").await?.body.contains("/task?"));
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_tasks_has_pages() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let sql = "INSERT INTO staff_tasks (task_id, kind, phone_e164, opened_at, opened_by)
               SELECT gen_random_uuid(), 'stop_request', '+97798400' || lpad(n::text, 5, '0'), now() - n * interval '1 minute', 'link'
               FROM generate_series(1, 120) n";
    test.database.execute(sql).await?;
    let mut maya = signed_in(&test, "maya").await?;
    assert!(maya.get("/").await?.body.contains("<dd>120</dd>"), "the overview counts them");
    let (mut path, mut rows) = ("/tasks".to_owned(), Vec::new());
    loop {
        let body = maya.get(&path).await?.body;
        rows.push(body.matches("href=\"/task?id=").count());
        let Some((_, rest)) = body.split_once("<a rel=\"next\" href=\"") else { break };
        path = rest.split('"').next().unwrap_or_default().to_owned();
    }
    assert_eq!(rows, [50, 50, 20]);
    assert_eq!(maya.get("/tasks?after=nonsense").await?.status, 200);
    // One of a number without a user: it is stopped from its task.
    let oldest = "SELECT task_id::text FROM staff_tasks ORDER BY opened_at LIMIT 1";
    let task: String = sqlx::query_scalar(oldest).fetch_one(&test.database.pool).await?;
    let page = maya.get(&format!("/task?id={task}")).await?.body;
    assert!(page.contains("+977••••••••20") && page.contains("name=\"task\""), "{page}");
    for note in ["entered", "entered_already"] {
        let fields = [("task", task.as_str()), ("act", "stop"), ("reason", "asked back")];
        let page = maya.act("/person/act", &fields).await?;
        assert_eq!(page.header("location"), format!("/tasks?note={note}"));
    }
    let stopped =
        "SELECT count(*) FROM suppressions WHERE phone_e164 = '+9779840000120' AND in_force_at IS NOT NULL";
    assert_eq!(test.database.number(stopped).await?, 1);
    test.finish(Expect::users(0)).await
}
