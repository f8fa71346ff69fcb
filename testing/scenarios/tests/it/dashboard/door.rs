//! Who gets in, and what they may do.

use support::{Expect, TestEnv};

use super::{PASSWORD, signed_in, stranger, test_env};

const PAGES: [&str; 15] = [
    "/",
    "/inbox",
    "/conversation?id=00000000-0000-0000-0000-000000000000",
    "/people",
    "/search?q=1",
    "/person?id=1",
    "/tasks",
    "/task?id=00000000-0000-0000-0000-000000000000",
    "/task?user=1",
    "/letters",
    "/unknown",
    "/templates",
    "/audit",
    "/metrics",
    "/no-such-page",
];
const ACTIONS: [&str; 14] = [
    "/pause",
    "/resume",
    "/person/act",
    "/person/dates",
    "/tasks/close",
    "/letters/replay",
    "/unknown/settle",
    "/unknown/settle-period",
    "/conversation/reveal",
    "/conversation/media",
    "/conversation/answer",
    "/conversation/take",
    "/conversation/close",
    "/logout",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_login_page_answers_without_a_login() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let mut browser = stranger(&test)?;
    for path in PAGES {
        let page = browser.get(path).await?;
        assert_eq!((page.status, page.header("location")), (303, "/login"), "{path}");
        assert_eq!(page.body, "", "{path}");
        let refreshed = browser.get_with(path, &[("X-Refresh", "1")]).await?;
        assert_eq!((refreshed.status, refreshed.body.as_str()), (401, ""), "{path}");
    }
    for path in ACTIONS {
        let page = browser.post(path, &[("csrf", ""), ("lane", "live"), ("reason", "x")]).await?;
        assert_eq!((page.status, page.body.as_str()), (401, ""), "{path}");
    }
    for path in ["/login", "/assets/admin.css", "/assets/admin.js", "/assets/icon.svg"] {
        let page = browser.get(path).await?;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
    }
    let login = browser.get("/login").await?;
    assert_eq!(login.header("cache-control"), "no-store");
    let cookie = login.header("set-cookie");
    for word in ["Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    for worker in &test.workers {
        assert_eq!(worker.probe("login").await?.0, 404, "the probes have no dashboard");
    }
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_looks_and_cannot_act() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let mut ram = signed_in(&test, "ram").await?;
    for path in ["/", "/inbox", "/people", "/tasks", "/letters", "/unknown", "/templates", "/audit"] {
        let page = ram.get(path).await?;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("action=\"/pause\""), "{path}");
    }
    for path in ACTIONS.into_iter().filter(|path| *path != "/logout") {
        let page = ram.act(path, &[("lane", "live"), ("hours", "1"), ("reason", "x")]).await?;
        assert_eq!(page.status, 403, "{path}");
        assert!(page.body.contains("viewer"), "{}", page.body);
    }
    assert_eq!(test.database.number("SELECT count(*) FROM pauses").await?, 0);
    assert_eq!(ram.act("/logout", &[]).await?.status, 303);
    assert_eq!(ram.get("/").await?.status, 303, "signed out");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_missing_token_is_refused() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let mut maya = signed_in(&test, "maya").await?;
    let mut other = signed_in(&test, "maya").await?;
    let foreign = other.get("/").await?.token()?;
    let rest = [("lane", "live"), ("hours", "1"), ("reason", "x")];
    for token in [vec![], vec![("csrf", "")], vec![("csrf", "forged")], vec![("csrf", foreign.as_str())]] {
        let fields = [token, rest.to_vec()].concat();
        assert_eq!(maya.post("/pause", &fields).await?.status, 403, "{fields:?}");
    }
    let mut stranger = stranger(&test)?;
    let page = stranger.post("/login", &[("csrf", ""), ("name", "maya"), ("password", PASSWORD)]).await?;
    assert_eq!(page.status, 403, "a login form from elsewhere");
    assert_eq!(test.database.number("SELECT count(*) FROM pauses").await?, 0);
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_ends_soon() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    let mut browser = stranger(&test)?;
    for _ in 0..5 {
        assert_eq!(browser.sign_in("maya", "a wrong password").await?.status, 401);
    }
    assert_eq!(browser.sign_in("maya", PASSWORD).await?.status, 429, "even the right one has to wait");
    assert_eq!(browser.sign_in("ram", PASSWORD).await?.status, 303, "nobody else does");
    let log = test.workers.first().map(support::Worker::log).unwrap_or_default();
    assert!(log.contains("sign-in failed") && !log.contains("a wrong password"), "{log}");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_idle_and_after_half_a_day() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder()).await?;
    for aged in ["seen_at = now() - interval '16 minutes'", "created_at = now() - interval '13 hours'"] {
        let mut maya = signed_in(&test, "maya").await?;
        // A refresh by the page's script does not count as activity.
        test.database.execute("UPDATE admin_sessions SET seen_at = now() - interval '14 minutes'").await?;
        assert_eq!(maya.get_with("/", &[("X-Refresh", "1")]).await?.status, 200);
        let idle = "SELECT count(*) FROM admin_sessions WHERE seen_at > now() - interval '13 minutes'";
        assert_eq!(test.database.number(idle).await?, 0);
        assert_eq!(maya.get("/").await?.status, 200);
        assert_eq!(test.database.number(idle).await?, 1);
        test.database.execute(&format!("UPDATE admin_sessions SET {aged}")).await?;
        assert_eq!(maya.get("/").await?.status, 303, "{aged}");
    }
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_signs_people_in_only_with_its_secret() -> anyhow::Result<()> {
    let plan = TestEnv::builder()
        .env("ADMIN_ADDR", "127.0.0.1:0")
        .env("ADMIN_PROXY_HEADER", "X-Forwarded-User")
        .env("ADMIN_PROXY_SECRET", "0123456789abcdef")
        .env("ADMIN_PROXY_OPERATORS", "maya")
        .env("ADMIN_PROXY_CARE", "asha")
        .env("TRUSTED_PROXIES", "127.0.0.0/8");
    let test = plan.with_worker().await?;
    let mut browser = stranger(&test)?;
    let name = ("X-Forwarded-User", "maya");
    assert_eq!(browser.get_with("/", &[name]).await?.status, 303, "anybody can send a name");
    assert_eq!(browser.get_with("/", &[name, ("X-Admin-Proxy-Secret", "guess")]).await?.status, 303);
    let secret = ("X-Admin-Proxy-Secret", "0123456789abcdef");
    let page = browser.get_with("/", &[name, secret]).await?;
    assert!(page.status == 200 && page.body.contains("action=\"/pause\""), "{}", page.body);
    assert_eq!(browser.get("/").await?.status, 303, "the session is nothing without the proxy");
    for twice in [[("X-Forwarded-User", "ram"), name, secret], [name, ("X-Forwarded-User", "ram"), secret]] {
        assert_eq!(
            browser.get_with("/", &twice).await?.status,
            303,
            "one of two names may be the client's own"
        );
    }
    let page = browser.get_with("/", &[("X-Forwarded-User", "asha"), secret]).await?;
    assert!(page.body.contains("class=\"role\">care<") && !page.body.contains("action=\"/pause\""));
    let page = browser.get_with("/", &[("X-Forwarded-User", "ram"), secret]).await?;
    assert!(page.status == 200 && !page.body.contains("action=\"/pause\""), "whom nobody named looks");
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_behind_a_proxy_that_writes_ports_are_told_apart() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder().env("TRUSTED_PROXIES", "127.0.0.1")).await?;
    let mut browser = stranger(&test)?;
    let recorded = include_str!("../../../../cases/forwarded-for-with-port/headers.txt");
    let clients: Vec<&str> = recorded.lines().filter_map(|line| Some(line.split_once(": ")?.1)).collect();
    let [guesser, maya] = clients[..] else { panic!("two headers: {clients:?}") };
    for n in 0..20 {
        let page = browser.sign_in_from(guesser, &format!("guess-{n}"), "a wrong password").await?;
        assert_eq!(page.status, 401);
    }
    assert_eq!(browser.sign_in_from(guesser, "maya", PASSWORD).await?.status, 429);
    assert_eq!(browser.sign_in_from(maya, "maya", PASSWORD).await?.status, 303);
    test.finish(Expect::users(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stranger_locks_out_an_operator() -> anyhow::Result<()> {
    let test = test_env(TestEnv::builder().env("TRUSTED_PROXIES", "127.0.0.1")).await?;
    let mut browser = stranger(&test)?;
    for _ in 0..6 {
        browser.sign_in_from("203.0.113.9", "maya", "a wrong password").await?;
    }
    assert_eq!(browser.sign_in_from("198.51.100.7", "maya", PASSWORD).await?.status, 303);
    test.finish(Expect::users(0)).await
}
