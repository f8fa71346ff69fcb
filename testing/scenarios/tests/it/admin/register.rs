//! `worker register` on one channel: every step, and what it refuses.

use serde_json::json;
use support::{TestEnv, number};

use crate::whatsapp::{TEMPLATE, by_whatsapp, with_template};

const GRANTED: &str = "SELECT count(*) FROM consent_ledger WHERE action = 'grant'";
const USERS: &str = "SELECT count(*) FROM users";

/// Runs the command with this number on its standard input.
async fn register(test: &mut TestEnv, phone: &str, words: &str) -> anyhow::Result<(i32, String)> {
    let mut args: Vec<&str> = ["register"].into_iter().chain(words.split_whitespace()).collect();
    if words.contains("--grant") {
        args.extend(["--reason", "our own phone", "--actor", "maya"]);
    }
    args.extend(["--yes", "-"]);
    test.command_with_input(&args, &format!("{phone}\n")).await
}

/// Fails unless the command ends so, and has all these words.
fn check(ended: &(i32, String), exit: i32, words: &[&str]) {
    let (code, said) = ended;
    assert_eq!(*code, exit, "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_tried_by_whatsapp_and_each_step_names_what_is_missing() -> anyhow::Result<()> {
    let mut test = by_whatsapp().build().await?;
    let ended = register(&mut test, &number(1), "--channel whatsapp").await?;
    check(&ended, 3, &["2 channel     ✓ whatsapp", "3 template    ✗ none is mapped for welcomes in ne"]);
    with_template(&mut test).await?;
    let ended = register(&mut test, &number(1), "--channel whatsapp").await?;
    let steps = [
        TEMPLATE,
        "credentials ✓",
        "sandbox",
        "✓ has had no welcome",
        "✗ no consent to onboarding on whatsapp",
        "--grant",
    ];
    check(&ended, 3, &steps);
    test.simulator.change_content(TEMPLATE, json!({ "status": "paused" })).await?;
    assert_eq!(test.command(&["templates", "sync"]).await?.0, 0);
    let ended = register(&mut test, &number(1), "--channel whatsapp --grant").await?;
    check(&ended, 3, &["✗", TEMPLATE, "is paused", "Meta ends a pause"]);
    test.simulator.change_content(TEMPLATE, json!({ "status": "approved" })).await?;
    assert_eq!(test.command(&["templates", "sync"]).await?.0, 0);
    assert_eq!(test.simulator.ledger().await?.asked_in_all(), 0);
    for left in [USERS, GRANTED, "SELECT count(*) FROM audit_log WHERE action = 'register'"] {
        assert_eq!(test.database.number(left).await?, 0, "{left}: nothing is left of what was refused");
    }

    let ended = register(&mut test, &number(1), "--channel whatsapp --grant").await?;
    check(
        &ended,
        0,
        &["Entered: onboarding on whatsapp", "pipeline    ✓ accepted", "delivery    ✓ delivered by whatsapp"],
    );
    let sent = "SELECT count(*) FROM attempts WHERE channel = 'whatsapp' AND outcome = 'accepted'";
    assert_eq!(test.database.number(sent).await?, 1);
    assert_eq!(test.database.number(GRANTED).await?, 1);
    let noted = "SELECT count(*) FROM audit_log WHERE actor = 'maya' AND reason = 'our own phone'
                 AND action IN ('register', 'consent grant')";
    assert_eq!(test.database.number(noted).await?, 2);
    let ended = register(&mut test, &number(1), "--channel whatsapp --grant").await?;
    check(&ended, 3, &["– nothing to send: this number has had its welcome"]);

    let ended = register(&mut test, &number(2), "--channel sms").await?;
    check(&ended, 0, &["✓ sms", "segment(s)", "– not needed for sms", "delivered by sms"]);
    assert_eq!(test.simulator.ledger().await?.accepted, 2);
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_delivery_is_explained() -> anyhow::Result<()> {
    let mut test = by_whatsapp().build().await?;
    with_template(&mut test).await?;
    let ended = register(&mut test, &number(9803), "--channel whatsapp --grant").await?;
    check(
        &ended,
        3,
        &[
            "pipeline    ✓ accepted",
            "delivery    ✗",
            "by whatsapp, error 63003: The number is not on WhatsApp",
        ],
    );
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_with_a_name_asks_for_one() -> anyhow::Result<()> {
    let mut test = by_whatsapp().build().await?;
    let content = json!({
        "sid": TEMPLATE, "friendly_name": "welcome", "language": "en",
        "types": { "twilio/text": { "body": "Welcome, {{1}}, to Aamcare." } },
        "approval_requests": { "status": "approved", "category": "UTILITY" },
    });
    test.simulator.load_contents(json!([content])).await?;
    assert_eq!(test.command(&["templates", "sync"]).await?.0, 0);
    let map = format!("templates map welcome welcome ne {TEMPLATE} --var 1=name --reason test");
    assert_eq!(test.command(&map.split(' ').collect::<Vec<_>>()).await?.0, 0);
    let ended = register(&mut test, &number(1), "--channel whatsapp --grant").await?;
    check(&ended, 3, &["cannot be filled: the message has no name; give one with --name"]);
    check(
        &register(&mut test, &number(1), "--channel whatsapp --grant --name Sita").await?,
        0,
        &["delivered"],
    );
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_of_the_owner_is_never_overridden_by_a_test() -> anyhow::Result<()> {
    let mut test = by_whatsapp().env("CONSENT_FOR_ONBOARDING", "required").build().await?;
    with_template(&mut test).await?;
    let stop = test.command(&["suppress", "add", &number(1), "--reason", "asked by phone"]).await?;
    assert_eq!(stop.0, 0, "{}", stop.1);
    test.database.import("1042", &number(2)).await?;
    let phone = format!("UPDATE users SET phone_e164 = '{}' WHERE user_id = '1042'", number(2));
    test.database.execute(&phone).await?;
    let withdrawn = "consent withdraw 1042 --purpose onboarding --channel whatsapp --reason asked";
    let (code, said) = test.command(&withdrawn.split(' ').collect::<Vec<_>>()).await?;
    assert_eq!(code, 0, "{said}");
    for (n, channel) in [(1, "whatsapp"), (1, "sms"), (2, "whatsapp")] {
        let ended = register(&mut test, &number(n), &format!("--channel {channel} --grant")).await?;
        check(&ended, 3, &["consent     ✗ the number stopped messages, or withdrew this consent"]);
    }
    assert_eq!((test.database.number(GRANTED).await?, test.database.number(USERS).await?), (0, 1));
    // Another channel is another wish, and it needs a consent of its own here.
    check(&register(&mut test, &number(2), "--channel sms").await?, 3, &["no consent to onboarding on sms"]);
    check(&register(&mut test, &number(2), "--channel sms --grant").await?, 0, &["delivered by sms"]);
    let (code, said) =
        test.command(&["register", "--channel", "sms", "--grant", "--yes", &number(3)]).await?;
    assert!(code == 2 && said.contains("--grant needs --reason"), "{code}: {said}");
    assert_eq!(test.simulator.ledger().await?.accepted, 1);
    test.close()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_channels_does_not_allow_is_refused() -> anyhow::Result<()> {
    let mut test = TestEnv::builder().build().await?;
    let ended = register(&mut test, &number(1), "--channel whatsapp --grant").await?;
    check(&ended, 78, &["CHANNELS does not allow whatsapp for welcomes", "CHANNELS='welcome=whatsapp'"]);
    // Without a channel, the plan decides, and templates are read where it may be WhatsApp.
    test.env.insert("CHANNELS".to_owned(), "welcome=whatsapp,sms".to_owned());
    check(
        &register(&mut test, &number(1), "").await?,
        0,
        &["2 message", "5 pipeline    ✓ accepted by Twilio"],
    );
    test.close()
}
