//! URLs that name something else than what they are for.

use support::{Expect, TestEnv};

const RECORDED: &str = include_str!("../../../../cases/database-url-of-another-kind/urls.txt");
/// Each program, its arguments, and the variable that it takes a database from.
const PROGRAMS: [(&str, &[&str], &str); 9] = [
    ("worker", &["run"], "DATABASE_URL"),
    ("worker", &["doctor"], "DATABASE_URL"),
    ("worker", &["stats"], "DATABASE_URL"),
    ("worker", &["migrate"], "DATABASE_URL"),
    ("backfill", &["--dry-run"], "DATABASE_URL"),
    ("import", &["csv", "/dev/null"], "DATABASE_URL"),
    ("import", &["portal"], "DATABASE_URL"),
    ("import", &["portal"], "PORTAL_DATABASE_URL"),
    ("signup", &["relay", "--once"], "OUTBOX_DATABASE_URL"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_database_url_of_another_kind_is_refused_by_every_program() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let good = test.env["DATABASE_URL"].clone();
    for (program, args, name) in PROGRAMS {
        for other in ["DATABASE_URL", "PORTAL_DATABASE_URL", "OUTBOX_DATABASE_URL"] {
            test.env.insert(other.to_owned(), good.clone());
        }
        let url = RECORDED.lines().next().unwrap_or_default();
        test.env.insert(name.to_owned(), url.to_owned());
        let (code, said) = test.program(program, args).await?;
        assert_eq!(code, 78, "{program} {args:?}: {said}");
        assert!(said.contains(&format!("{name}: must begin with postgres://")), "{program} {args:?}: {said}");
    }
    test.env.insert("DATABASE_URL".to_owned(), good);
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_behind_the_broker_names_the_usual_vhost() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let recorded = include_str!("../../../../cases/amqp-url-trailing-slash/url.txt");
    assert!(recorded.trim().ends_with("5672/"));
    let url = test.env["AMQP_URL"].clone();
    let bare = url.trim_end_matches("/%2f").trim_end_matches("/%2F").trim_end_matches('/');
    test.env.insert("AMQP_URL".to_owned(), format!("{bare}/"));
    let (code, said) = test.command(&["doctor"]).await?;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ok   round trip"), "{said}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_url_with_a_query_ends_the_start() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let recorded = include_str!("../../../../cases/public-url-with-query/env.txt");
    let (name, url) = recorded.trim().split_once('=').unwrap_or_default();
    let good = test.env.insert(name.to_owned(), url.to_owned()).unwrap_or_default();
    for args in [&["run"], &["doctor"]] {
        let (code, said) = test.command(args).await?;
        assert_eq!(code, 78, "{said}");
        assert!(said.contains("PUBLIC_URL: must end before the '?'"), "{said}");
    }
    test.env.insert(name.to_owned(), good);
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_told_from_one_that_is_away() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let good = test.env["DATABASE_URL"].clone();
    test.env.insert("DATABASE_URL".to_owned(), good.replacen('?', "_nowhere?", 1));
    for (program, args) in [("worker", vec!["stats"]), ("backfill", vec!["--dry-run"])] {
        let (code, said) = test.program(program, &args).await?;
        assert_eq!(code, 69, "{said}");
        assert!(said.contains("no database of this name"), "{said}");
    }
    test.env.insert("DATABASE_URL".to_owned(), good);
    test.finish(Expect::users(0)).await
}
