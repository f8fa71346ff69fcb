//! The address in a welcome: it is of its number alone, and its page stops messages.

use support::{Expect, TestEnv, number};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str = "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100";
const BASE: &str = "https://aamcare.np/s/";

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?)
}

/// The code at the end of the welcome of the `n`th number.
async fn code(test: &TestEnv, n: u32) -> anyhow::Result<String> {
    let sent = test.simulator.sent().await?;
    let message = sent.into_iter().find(|message| message.to == number(n));
    let body = message.ok_or_else(|| anyhow::anyhow!("no message to user {n}"))?.body;
    let (_, code) = body.split_once("aamcare.np/s/").ok_or_else(|| anyhow::anyhow!("{body}"))?;
    Ok(code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_in_a_welcome_stops_its_number() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().env("STOP_LINK_BASE", BASE).env("LINK_KEY", KEY).with_worker().await?;
    for n in 1..=2 {
        test.signup(&n.to_string(), &number(n)).await?;
        test.until_case(&n.to_string(), "registered delivered -").await?;
    }
    let (one, two) = (code(&test, 1).await?, code(&test, 2).await?);
    assert!(one.len() == 9 && one != two, "{one} {two}");
    let digest =
        "SELECT count(*) FROM attempts WHERE segments = 1 AND body_sha256 IN (SELECT sha256(convert_to(
        'Aamcare मा स्वागत छ। दैनिक सूचना आउनेछ। रोक्न aamcare.np/s/' || code, 'UTF8')) FROM stop_links)";
    assert_eq!(test.database.number(digest).await?, 2, "the digest is of what was sent");

    let page = format!("{}/s/{one}", test.env["PUBLIC_URL"]);
    let shown = client()?.get(&page).send().await?;
    assert_eq!(shown.status(), 200);
    assert!(shown.text().await?.contains(&format!("<b>{}</b>", &number(1)[number(1).len() - 2..])));
    let pressed = client()?.post(&page).form(&[("act", "stop")]).send().await?;
    assert_eq!(
        (pressed.status().as_u16(), pressed.headers()["location"].to_str()?),
        (303, &*format!("/s/{one}?done"))
    );
    let stopped = format!(
        "SELECT count(*) FROM suppressions WHERE phone_e164 = '{}' AND source = 'link' AND lifted_at IS NULL",
        number(1)
    );
    assert_eq!(test.database.number(&stopped).await?, 1);
    let labels = "result=\"stop\"";
    assert!(test.workers[0].metric("onboarding_stop_page_requests_total", labels).await? >= 1.0);
    let log = test.workers[0].log();
    assert!(log.contains(&format!("{}…", &one[..2])) && !log.contains(&one), "the log shows two characters");

    // A new key: codes that were issued stay, and new numbers get a code of the new key.
    test.env.insert("LINK_KEY".into(), OTHER_KEY.into());
    let (exit, said) =
        test.command(&["links", "show", &number(2), "--reason", "lost", "--actor", "maya"]).await?;
    assert!(exit == 0 && said.contains(&format!("{BASE}{two}")), "{exit} {said}");
    let (exit, said) =
        test.command_with_input(&["links", "show", "-"], &format!("{}\n12\n", number(3))).await?;
    assert!(exit == 3 && said.contains(BASE) && said.contains("line 2"), "{exit} {said}");
    let shown = "SELECT count(*) FROM audit_log WHERE action = 'links show' AND subject NOT LIKE '%+9779%'";
    assert_eq!(test.database.number(shown).await?, 2);

    // An address that others know: its page is as that of an unknown code.
    let (exit, said) =
        test.command_with_input(&["links", "revoke", "-", "--reason", "leaked"], &number(1)).await?;
    assert!(exit == 0 && said.contains("revoked") && !said.contains(&number(1)), "{exit} {said}");
    let unknown = client()?.get(page.replace(&one, "000000000")).send().await?.text().await?;
    assert_eq!(client()?.get(&page).send().await?.text().await?, unknown);
    test.finish(Expect::users(2)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_base_a_welcome_is_as_before_and_there_is_no_page() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().with_worker().await?;
    test.signup("1", &number(1)).await?;
    test.until_case("1", "registered delivered -").await?;
    let sent = test.simulator.sent().await?;
    assert_eq!(sent[0].body, "नमस्ते! Aamcare मा तपाईंलाई स्वागत छ। सन्देश रोक्न: aamcare.np/s");
    let page = format!("{}/s/PCWDDR9B5", test.env["PUBLIC_URL"]);
    assert_eq!(client()?.get(page).send().await?.status(), 404);
    assert_eq!(test.database.number("SELECT count(*) FROM stop_links").await?, 0);
    let (exit, said) = test.command(&["links", "show", &number(1)]).await?;
    assert!(exit == 78 && said.contains("STOP_LINK_BASE"), "{exit} {said}");
    test.finish(Expect::users(1)).await
}

/// A free port of four digits: with five, the base would be too long.
fn short_port() -> Option<u16> {
    (7000..10_000).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_for_the_page_through_the_base() -> anyhow::Result<()> {
    let port = short_port().ok_or_else(|| anyhow::anyhow!("no free port"))?;
    let base = format!("http://127.0.0.1:{port}/");
    let mut test = TestEnv::builder()
        .env("STOP_LINK_BASE", &base)
        .env("LINK_KEY", KEY)
        .env("WEBHOOK_ADDR", &format!("127.0.0.1:{port}"))
        .with_worker()
        .await?;
    let (exit, said) = test.command(&["doctor"]).await?;
    assert!(exit == 0 && said.contains("STOP_LINK_BASE answers with the page"), "{exit} {said}");
    for (base, expected) in [
        ("http://a.invalid/s/", "STOP_LINK_BASE is not encrypted"),
        ("https://a.invalid/s/", "STOP_LINK_BASE does not answer from this machine"),
        ("https://www.aamcare.np/s/", "STOP_LINK_BASE: has 17 characters"),
    ] {
        test.env.insert("STOP_LINK_BASE".into(), base.into());
        let (_, said) = test.command(&["doctor"]).await?;
        assert!(said.contains(expected), "{said}");
    }
    test.finish(Expect::users(0)).await
}
