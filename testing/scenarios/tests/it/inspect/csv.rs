//! Comma-separated values of every command that has them.

use support::{TestEnv, number};

/// What a spreadsheet would compute.
const FORMULA: &str = "=HYPERLINK(1)";

#[tokio::test(flavor = "multi_thread")]
async fn no_command_prints_a_formula_as_csv() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    test.database.import(FORMULA, &number(1)).await?;
    let letter =
        "INSERT INTO dead_letters (reason, detail, routing_key, message_id, headers, body, body_sha256)
                  VALUES ('schema', '=1+1', '+key', '-id', '{}', '', '')";
    test.database.execute(letter).await?;
    let parked = "INSERT INTO attempts (message_id, user_id, phone_e164, lane, worker_id, language, body_sha256,
                                        segments, lease_until, outcome, parked_at)
                  SELECT gen_random_uuid(), user_id, phone_e164, 'live', 'w', 'ne', '', 1, now(), 'unknown', now()
                  FROM users";
    test.database.execute(parked).await?;
    for args in [
        &["suppress", "add", "9807969299", "--reason", FORMULA, "--actor", "@maya"][..],
        &["pause", "--lane", "backfill", "--reason", FORMULA, "--actor=-maya"],
    ] {
        let (code, said) = test.command(args).await?;
        assert_eq!(code, 0, "{args:?}: {said}");
    }
    let mut formulas = 0;
    for args in [
        &["status", FORMULA][..],
        &["stats"],
        &["audit"],
        &["dead", "list"],
        &["unknown", "list"],
        &["suppress", "list"],
    ] {
        let all = [args, &["--output", "csv"]].concat();
        let (code, said) = test.command(&all).await?;
        assert_eq!(code, 0, "{all:?}: {said}");
        for cell in said.lines().flat_map(|line| line.split(',')) {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{all:?}: {cell:?} in {said}");
            formulas += usize::from(cell.starts_with("'="));
        }
    }
    assert!(formulas >= 3, "the formulas are shown as text");
    test.close()
}
