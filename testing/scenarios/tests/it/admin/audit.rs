//! Every command that changes something records actor, action and reason in the audit log. The others do not.

use serde_json::json;
use shared::lane::QueueLane;
use support::{EventBody, Expect, PATIENCE, TestEnv, number, until};
use uuid::Uuid;

use crate::dashboard;

/// Commands that do not change anything, that do not carry out a decision (`run`), or that move the clock of tests.
const READING: [&str; 24] = [
    "run",
    "healthcheck",
    "phone",
    "suppress list",
    "consent show",
    "person erasures",
    "inbox list",
    "inbox show",
    "words test",
    "templates list",
    "templates check",
    "unknown list",
    "dead list",
    "dead show",
    "audit",
    "doctor",
    "status",
    "stats",
    "admin-hash",
    "clock advance",
    "clock reset",
    "clock show",
    "completions",
    "help",
];
/// Commands that change something, in the order of [`run_all`]; as the log names them.
const CHANGING: [&str; 34] = [
    "migrate",
    "suppress add",
    "suppress remove",
    "consent grant",
    "consent withdraw",
    "loss report",
    "loss undo",
    "links show",
    "links revoke",
    "person set",
    "inbox show --reveal",
    "inbox link",
    "inbox take",
    "inbox reply",
    "inbox close",
    "person export",
    "person erase",
    "person replay",
    "templates sync",
    "templates map",
    "templates unmap",
    "unknown mark-sent",
    "unknown reopen",
    "unknown adopt",
    "unknown settle",
    "reopen",
    "pause",
    "recover",
    "resume",
    "dead show --reveal",
    "dead replay",
    "dead drop",
    "prune",
    "register",
];

/// What `--help` lists under `Commands:`, commands of commands by both words.
async fn commands(test: &mut TestEnv) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for name in listed(&test.command(&["--help"]).await?.1) {
        let inner = match name.as_str() {
            "help" => Vec::new(),
            name => listed(&test.command(&[name, "--help"]).await?.1),
        };
        let both = inner.iter().filter(|i| *i != "help").map(|i| format!("{name} {i}"));
        if inner.is_empty() { found.push(name) } else { found.extend(both) }
    }
    Ok(found)
}

fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    lines.filter_map(|l| Some(l.split_whitespace().next()?.to_owned())).collect()
}

/// Runs a command of [`CHANGING`] as maya. The reason names the command.
async fn run(test: &mut TestEnv, words: &str, because: &str, subject: &[&str]) -> anyhow::Result<()> {
    let reason = format!("why {words}");
    let named: Vec<&str> = words.split(' ').collect();
    let args = [&named[..], subject, &["--actor", "maya", because, &reason]].concat();
    let (code, said) = test.command(&args).await?;
    assert_eq!(code, 0, "{args:?}: {said}");
    Ok(())
}

/// Creates an attempt with an unknown outcome for each of the users 1 to 3. The messages exist.
async fn doubts(test: &mut TestEnv) -> anyhow::Result<Vec<Uuid>> {
    let hidden = json!([{ "type": "reset", "store": true }, { "type": "no_callbacks" },
                        { "type": "list_lag", "ms": 600_000 }]);
    let hidden = json!([{ "operation": "create", "action": hidden }]);
    test.simulator.faults(hidden).await?;
    for n in 1..=3 {
        test.signup(&n.to_string(), &number(n)).await?;
    }
    for n in 1..=3 {
        test.until_case(&n.to_string(), "registered unknown parked").await?;
    }
    test.simulator.faults(json!([])).await?;
    let sql = "SELECT message_id FROM attempts ORDER BY user_id";
    Ok(sqlx::query_scalar(sql).fetch_all(&test.database.pool).await?)
}

async fn templates(test: &mut TestEnv) -> anyhow::Result<()> {
    let sid = "HX00000000000000000000000000000001";
    let types = json!({ "twilio/text": { "body": "Welcome. {{1}} stops messages." } });
    let approved = json!({ "status": "approved", "category": "UTILITY" });
    let content = json!({ "sid": sid, "language": "en", "types": types, "approval_requests": approved });
    test.simulator.load_contents(content).await?;
    run(test, "templates sync", "--reason", &[]).await?;
    let place = ["welcome", "welcome", "en"];
    run(test, "templates map", "--reason", &[&place[..], &[sid, "--var", "1=stop_address"]].concat()).await?;
    run(test, "templates unmap", "--reason", &place).await
}

async fn inbox(test: &mut TestEnv) -> anyhow::Result<()> {
    test.env.insert("INBOX_KEY".to_owned(), "00".repeat(32));
    let id = Uuid::now_v7().to_string();
    let written = format!(
        "INSERT INTO conversations (conversation_id, channel, recipient, external_id, class, urgency)
             VALUES ('{id}', 'whatsapp', '+14155238886', 'NP.1', 'other', 0);
         INSERT INTO reply_windows VALUES ('NP.1', 'whatsapp', '+14155238886', calendar_now() + interval '1 hour');
         INSERT INTO inbound (message_sid, channel, recipient, external_id, kind, conversation_id, next_try_at, handled_at)
             VALUES ('SM1', 'whatsapp', '+14155238886', 'NP.1', 'text', '{id}', NULL, now())"
    );
    sqlx::raw_sql(&written).execute(&test.database.pool).await?;
    run(test, "inbox show --reveal", "--reason", &[&id]).await?;
    run(test, "inbox link", "--reason", &[&id, "9"]).await?;
    run(test, "inbox take", "--reason", &[&id]).await?;
    let reply = ["inbox", "reply", &id, "--turn", "2", "--actor", "maya", "--reason", "why inbox reply"];
    let (code, said) = test.command_with_input(&reply, "Come today.").await?;
    assert_eq!(code, 0, "{said}");
    run(test, "inbox close", "--reason", &[&id]).await
}

async fn run_all(test: &mut TestEnv) -> anyhow::Result<()> {
    for words in ["suppress add", "suppress remove"] {
        run(test, words, "--reason", &[&number(9)]).await?;
    }
    for words in ["consent grant", "consent withdraw"] {
        run(test, words, "--reason", &["9", "--purpose", "tips", "--channel", "any"]).await?;
    }
    for words in ["loss report", "loss undo"] {
        run(test, words, "--reason", &["9"]).await?;
    }
    for (name, value) in [("STOP_LINK_BASE", "https://aamcare.np/s/"), ("LINK_KEY", &"00".repeat(32))] {
        test.env.insert(name.to_owned(), value.to_owned());
    }
    for words in ["links show", "links revoke"] {
        run(test, words, "--reason", &[&number(9)]).await?;
    }
    test.database.import("9", &number(9)).await?;
    run(test, "person set", "--reason", &["9", "--cadence", "weekly"]).await?;
    inbox(test).await?;
    run(test, "person export", "--reason", &["9"]).await?;
    run(test, "person erase", "--reason", &["9", "--yes"]).await?;
    run(test, "person replay", "--reason", &["-"]).await?;
    templates(test).await?;
    let attempts: Vec<String> = doubts(test).await?.iter().map(Uuid::to_string).collect();
    run(test, "unknown mark-sent", "--reason", &["--attempt", &attempts[0]]).await?;
    run(test, "unknown reopen", "--reason", &["--attempt", &attempts[1]]).await?;
    let sent = test.simulator.sent().await?;
    let sid = sent.iter().find(|m| m.to == number(3)).expect("her message").sid.clone();
    run(test, "unknown adopt", "--reason", &[&sid, "--attempt", &attempts[2]]).await?;
    run(test, "unknown settle", "--reason", &["--since", "1d", "--until", "2099-01-01", "--yes"]).await?;
    run(test, "reopen", "--because", &["--reason", "error_30040"]).await?;
    run(test, "pause", "--reason", &["--lane", "backfill"]).await?;
    // Both lanes are to be paused; the log is to have one pause.
    let live = "INSERT INTO pauses (lane, reason, actor) VALUES ('live', 'test', 'test')";
    test.database.execute(live).await?;
    run(test, "recover", "--reason", &["--since", "1d", "--yes"]).await?;
    test.database.execute("DELETE FROM pauses WHERE lane = 'live'").await?;
    run(test, "resume", "--reason", &["--lane", "backfill"]).await?;
    test.database.import("stranger", &number(4)).await?;
    for words in ["dead show --reveal", "dead replay"] {
        run(test, words, "--because", &["1"]).await?;
    }
    run(test, "dead drop", "--because", &["2"]).await?;
    let old =
        "INSERT INTO delivery_tries (delivery_key, last_at) VALUES ('old', now() - interval '10 years')";
    test.database.execute(old).await?;
    run(test, "prune", "--reason", &[]).await?;
    test.until_case("stranger", "registered delivered -").await?;
    // The user already has a welcome, so the command does not send one.
    let again = ["register", "--yes", &number(4), "--actor", "maya", "--reason", "why register"];
    let (code, said) = test.command(&again).await?;
    assert_eq!(code, 3, "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_changes_something_is_in_the_audit_log() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().unmigrated().build().await?;
    let mut known: Vec<&str> =
        READING.iter().chain(&CHANGING).copied().filter(|c| !c.ends_with("--reveal")).collect();
    let mut all = commands(&mut test).await?;
    known.sort_unstable();
    all.sort_unstable();
    assert_eq!(all, known, "a new command: does it change anything?");
    let (code, said) = test.command(&["migrate", "--actor", "maya"]).await?;
    assert_eq!(code, 0, "{said}");
    test.env.insert("ERASURE_KEY".to_owned(), "00".repeat(32));
    test.start_worker().await?;
    test.broker.publish(QueueLane::Backfill, &EventBody::stored("stranger").bytes()).await?;
    until("a dead letter", PATIENCE, async || {
        let letters = test.database.dead_letters().await?.len();
        Ok(if letters == 1 { Ok(()) } else { Err(letters.to_string()) })
    })
    .await?;
    test.broker.publish(QueueLane::Live, b"poison").await?;
    run_all(&mut test).await?;
    let (code, csv) = test.command(&["audit", "--output", "csv"]).await?;
    assert_eq!(code, 0, "{csv}");
    let logged: Vec<Vec<&str>> = csv.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let actions: Vec<&str> = logged.iter().map(|l| l[2]).collect();
    assert_eq!(actions, CHANGING, "{csv}");
    for line in &logged {
        let why = if line[2] == "migrate" { "version".to_owned() } else { format!("why {}", line[2]) };
        assert!(line[1] == "maya" && line[4].starts_with(&why) && !line[3].is_empty(), "{line:?}");
    }
    for n in [4, 9] {
        assert!(!csv.contains(number(n).trim_start_matches("+977")), "a number is shown: {csv}");
    }
    let (_, json) = test.command(&["audit", "--action", "dead", "--output", "json"]).await?;
    let document: serde_json::Value = serde_json::from_str(&json)?;
    assert_eq!(
        (&document["schema"], document["rows"].as_array().map(Vec::len)),
        (&"audit/1".into(), Some(3))
    );
    for change in ["UPDATE audit_log SET reason = ''", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
        assert!(test.database.execute(change).await.is_err(), "{change}");
    }
    // The attempt marked as sent lacks a SID, but the last check expects one for every message.
    let sent = test.simulator.sent().await?;
    let marked = sent.iter().find(|m| m.to == number(1)).expect("her message");
    test.database.execute(&format!("UPDATE attempts SET sid = '{}' WHERE user_id = '1'", marked.sid)).await?;
    test.finish(Expect::users(5).reopened(1)).await
}

/// Acts that only the dashboard has.
const DASHBOARD: [&str; 3] = ["sign in", "task open", "task close"];

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_do_about_a_person_on_the_dashboard_is_in_the_audit_log() -> anyhow::Result<()> {
    let mut test = dashboard::test_env(TestEnv::builder()).await?;
    test.database.import("9", &number(9)).await?;
    let mut asha = dashboard::signed_in(&test, "asha").await?;
    let acts = [
        ("stop_tips", "suppress add"),
        ("stop", "suppress add"),
        ("lift", "suppress remove"),
        ("wrong_number", "suppress add"),
        ("lift", "suppress remove"),
        ("loss", "loss report"),
        ("undo_loss", "loss undo"),
    ];
    for (act, command) in acts {
        let why = format!("why {command}");
        let page = asha.act("/person/act", &[("user", "9"), ("act", act), ("reason", &why)]).await?;
        assert!(page.header("location").starts_with("/person?id=9&note="), "{act}: {page:?}");
    }
    let task = "SELECT task_id::text FROM staff_tasks WHERE kind = 'wrong_number'";
    let task: String = sqlx::query_scalar(task).fetch_one(&test.database.pool).await?;
    assert_eq!(asha.get(&format!("/task?id={task}")).await?.status, 200);
    let page = asha.act("/tasks/close", &[("task", &task), ("reason", "why task close")]).await?;
    assert_eq!(page.header("location"), "/tasks?note=task_closed");
    let (code, csv) = test.command(&["audit", "--output", "csv"]).await?;
    assert_eq!(code, 0, "{csv}");
    let logged: Vec<Vec<&str>> = csv.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let actions: Vec<&str> = logged.iter().map(|l| l[2]).collect();
    let expected = ["sign in"].into_iter().chain(acts.map(|(_, command)| command));
    assert_eq!(actions, expected.chain(["task open", "task close"]).collect::<Vec<_>>(), "{csv}");
    for line in &logged {
        assert!(CHANGING.contains(&line[2]) || DASHBOARD.contains(&line[2]), "{line:?}");
        let why = match line[2] {
            "sign in" | "task open" => String::new(),
            action => format!("why {action}"),
        };
        assert!(line[1] == "asha" && line[4] == why, "{line:?}");
        assert!(line[2] == "sign in" || line[3].starts_with("person "), "{line:?}");
    }
    assert!(!csv.contains(number(9).trim_start_matches("+977")), "a number is shown: {csv}");
    Ok(())
}
