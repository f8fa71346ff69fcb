//! A damaged number at every door: nothing is sent, and nothing is stored as a number.

use std::io::Write as _;

use anyhow::ensure;
use serde_json::{Value, json};
use shared::lane::QueueLane;
use support::{EventBody, Expect, TestEnv};
use tempfile::NamedTempFile;

const REJECTED: &str = "rejected not_sent damaged_number";

/// Read digit by digit, some of these are numbers of strangers.
const DAMAGED: [&str; 7] = [
    "9.84123457E9",
    "984123456.0",
    "9841234570.0",
    "9,84E+09",
    "9,841,234,570",
    "984,123,456.0",
    "९८४१२३४५६.०",
];
/// The same as JSON numbers.
const JSON: [&str; 4] = ["9.84123457E9", "984123456.0", "9841234570.5", "9.841234570"];

/// The users so far. All of them must end as rejected.
#[derive(Default)]
struct Users(Vec<String>);

impl Users {
    fn next(&mut self, door: &str) -> String {
        let user = format!("{door}-{}", self.0.len());
        self.0.push(user.clone());
        user
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_door_takes_a_damaged_number() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    let mut users = Users::default();
    events(&test, &mut users).await?;
    signups(&mut test, &mut users).await?;
    outbox(&mut test, &mut users).await?;
    imports(&mut test, &mut users).await?;
    commands(&mut test).await?;
    for user in &users.0 {
        test.until_case(user, REJECTED).await?;
    }
    let stored = "SELECT (SELECT count(*) FROM users WHERE phone_e164 IS NOT NULL) + (SELECT count(*) FROM suppressions)";
    assert_eq!(test.database.number(stored).await?, 0);
    assert_eq!(test.simulator.ledger().await?.asked_in_all(), 0);
    let all = usize::try_from(test.database.number("SELECT count(*) FROM users").await?)?;
    test.finish(Expect::users(all)).await
}

/// Live events, and stored users whose number an earlier release read differently.
async fn events(test: &TestEnv, users: &mut Users) -> anyhow::Result<()> {
    let texts = DAMAGED.map(|text| json!(text).to_string());
    for raw in texts.into_iter().chain(JSON.map(str::to_owned)) {
        let body = EventBody::signup(&users.next("event"), "RAW").bytes();
        let body = String::from_utf8(body)?.replace("\"RAW\"", &raw);
        test.broker.publish(QueueLane::Live, body.as_bytes()).await?;
    }
    for text in DAMAGED {
        let user = users.next("stored");
        let sql = "INSERT INTO users (user_id, phone_raw, phone_e164, source, changed_at)
                   VALUES ($1, $2, '+9779841234560', 'import', now())";
        sqlx::query(sql).bind(&user).bind(text).execute(&test.database.pool).await?;
        test.broker.publish(QueueLane::Backfill, &EventBody::stored(&user).bytes()).await?;
    }
    Ok(())
}

async fn signups(test: &mut TestEnv, users: &mut Users) -> anyhow::Result<()> {
    let (mut csv, mut jsonl) = (vec!["user_id,phone_number\n".to_owned()], Vec::new());
    for text in DAMAGED {
        csv.push(format!("{},\"{text}\"\n", users.next("signup-csv")));
        jsonl.push(format!("{}\n", json!({ "user_id": users.next("signup-jsonl"), "phone_number": text })));
        let user = users.next("signup-args");
        succeeds(test, "signup", &["--user-id", &user, "--phone", text]).await?;
    }
    for raw in JSON {
        jsonl.push(format!("{{\"user_id\":\"{}\",\"phone_number\":{raw}}}\n", users.next("signup-number")));
    }
    for (format, text) in [("csv", csv), ("jsonl", jsonl)] {
        let file = file(&text.concat())?;
        succeeds(test, "signup", &["--format", format, path(&file)?]).await?;
    }
    Ok(())
}

async fn outbox(test: &mut TestEnv, users: &mut Users) -> anyhow::Result<()> {
    let (_, ddl) = test.program("signup", &["outbox-ddl"]).await?;
    test.database.execute(&ddl).await?;
    let numbers = ["984123456.0", "9.841234570"].map(|raw| raw.parse::<f64>().map(Value::from));
    let numbers = numbers.into_iter().collect::<Result<Vec<_>, _>>()?;
    for number in DAMAGED.map(Value::from).into_iter().chain(numbers) {
        let payload = json!({ "user_id": users.next("outbox"), "phone_number": number });
        let sql = "INSERT INTO onboarding_outbox (id, type, payload) VALUES (gen_random_uuid(), $1, $2)";
        let row = sqlx::query(sql).bind(shared::events::SIGNED_UP).bind(payload);
        row.execute(&test.database.pool).await?;
    }
    let url = test.database.url().to_owned();
    test.env.insert("OUTBOX_DATABASE_URL".to_owned(), url);
    succeeds(test, "signup", &["relay", "--once"]).await
}

/// Rows that a spreadsheet damaged are not stored; the others are stored, and rejected when they are enqueued.
async fn imports(test: &mut TestEnv, users: &mut Users) -> anyhow::Result<()> {
    let (mut csv, mut jsonl) = (vec!["id,phone,opted_out\n".to_owned()], Vec::new());
    for (n, text) in DAMAGED.iter().enumerate() {
        csv.push(format!("import-csv-{n},\"{text}\",true\n"));
        jsonl.push(format!(
            "{}\n",
            json!({ "id": format!("import-jsonl-{n}"), "phone": text, "opted_out": true })
        ));
    }
    for (n, raw) in JSON.iter().enumerate() {
        jsonl.push(format!("{{\"id\":\"import-number-{n}\",\"phone\":{raw}}}\n"));
    }
    for (format, text) in [("csv", csv), ("jsonl", jsonl)] {
        let file = file(&text.concat())?;
        let (code, said) = test.program("import", &[format, path(&file)?, "--allow-partial"]).await?;
        ensure!(code == 3, "{code}: {said}");
    }
    let url = test.database.url().to_owned();
    test.env.insert("PORTAL_DATABASE_URL".to_owned(), url);
    for (column, phone) in [
        ("text", "984123456.0"),
        ("text", "9.84123457E9"),
        ("text", "9,841,234,570"),
        ("numeric(14, 1)", "984123456"),
        ("numeric(14, 2)", "9841234570"),
        ("real", "9841234570"),
        ("real", "984123456"),
    ] {
        portal(test, &users.next("portal"), column, phone).await?;
    }
    succeeds(test, "backfill", &["--yes", "--no-progress"]).await
}

/// A portal of one user whose numbers are kept in a column of this type.
async fn portal(test: &mut TestEnv, user: &str, column: &str, phone: &str) -> anyhow::Result<()> {
    let sql = format!(
        "DROP TABLE IF EXISTS auth_user, core_pregnantwomanprofile, core_newmotherprofile;
         CREATE TABLE auth_user (id text);
         CREATE TABLE core_pregnantwomanprofile (user_id text, phone_number {column});
         CREATE TABLE core_newmotherprofile (user_id text, phone_number text);
         INSERT INTO auth_user VALUES ('{user}');
         INSERT INTO core_pregnantwomanprofile VALUES ('{user}', '{phone}')"
    );
    sqlx::raw_sql(&sql).execute(&test.database.pool).await?;
    succeeds(test, "import", &["portal", "--no-progress"]).await
}

async fn commands(test: &mut TestEnv) -> anyhow::Result<()> {
    let lines = DAMAGED.join("\n");
    let (code, said) = test.command_with_input(&["phone", "-"], &lines).await?;
    ensure!(code == 0, "{said}");
    for (line, text) in said.lines().zip(DAMAGED) {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!((columns[0], columns[1], columns[2], columns[4]), (text, "", "false", "damaged_number"));
    }
    let add = ["suppress", "add", "-", "--reason", "test"];
    let (code, said) = test.command_with_input(&add, &lines).await?;
    assert_eq!((code, said.matches("damaged_number").count()), (3, DAMAGED.len()), "{said}");
    for text in DAMAGED {
        let (code, said) = test.command(&["register", "--yes", text]).await?;
        assert!(code == 3 && said.contains("damaged_number"), "{code}: {said}");
    }
    Ok(())
}

async fn succeeds(test: &mut TestEnv, program: &str, args: &[&str]) -> anyhow::Result<()> {
    let (code, said) = test.program(program, args).await?;
    ensure!(code == 0, "{program} {args:?} ended with {code}: {said}");
    Ok(())
}

fn file(text: &str) -> anyhow::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

fn path(file: &NamedTempFile) -> anyhow::Result<&str> {
    file.path().to_str().ok_or_else(|| anyhow::anyhow!("a path in UTF-8"))
}
