//! The page takes back what it did, and nothing else.

use super::*;

#[tokio::test]
async fn a_stop_and_a_wrong_number_can_be_undone() {
    let site = Site::open().await;
    for act in ["stop", "wrong_number"] {
        site.press(act).await;
        assert_eq!(site.stored().await[1], 1, "{act}");
        site.press("undo").await;
        assert_eq!(site.stored().await[1], 0, "{act}");
        let page = site.page(&format!("/s/{CODE}?done&lang=en")).await;
        assert!(page.contains("Messages come to this number.") && page.contains("value=\"stop\""), "{page}");
        site.press("undo").await;
        assert_eq!(site.stored().await[1], 0, "{act}");
    }
    site.close().await;
}

/// The page offers no undo, and a form that asks for it changes nothing.
async fn cannot_be_undone(site: &Site) {
    let page = site.page(&format!("/s/{CODE}")).await;
    assert!(!page.contains("value=\"undo\"") && !page.contains("value=\"stop\""), "{page}");
    let before = site.stored().await;
    site.press("undo").await;
    assert_eq!(site.stored().await, before);
}

#[tokio::test]
async fn what_another_stopped_or_30_days_ago_is_not_undone() {
    let site = Site::open().await;
    site.press("stop").await;
    site.execute("UPDATE suppressions SET created_at = now() - interval '30 days 1 minute'").await;
    cannot_be_undone(&site).await;
    site.execute("UPDATE suppressions SET created_at = now(), source = 'staff'").await;
    cannot_be_undone(&site).await;
    site.close().await;
}

#[tokio::test]
async fn what_another_door_stopped_as_well_is_not_undone() {
    let staff = Door { source: Source::Staff, actor: "maya", reason: "by phone", action: None };
    let number = E164::parse(NUMBER).unwrap();
    for act in ["stop", "wrong_number"] {
        for staff_first in [true, false] {
            let site = Site::open().await;
            let (pool, person) = (&site.world.pool, Person::Number(&number));
            if !staff_first {
                site.press(act).await;
            }
            assert_eq!(doors::stop(pool, person, &staff).await.unwrap(), Effect::Done, "{act}");
            assert_eq!(doors::stop(pool, person, &staff).await.unwrap(), Effect::Already, "{act}");
            if staff_first {
                site.press(act).await;
            }
            cannot_be_undone(&site).await;
            // From a page that was opened before.
            assert_eq!(doors::undo(pool, &number, &staff).await.unwrap(), Effect::Already, "{act}");
            assert_eq!(site.stored().await[1], 1, "{act}");
            site.close().await;
        }
    }
}

#[tokio::test]
async fn an_undo_closes_the_task_of_the_page_and_no_other() {
    let site = Site::open().await;
    let open = "SELECT count(*) FROM staff_tasks WHERE closed_at IS NULL";
    site.execute(&format!(
        "INSERT INTO staff_tasks (task_id, kind, phone_e164, opened_by) VALUES (gen_random_uuid(), 'stop_request', '{NUMBER}', 'link')"
    ))
    .await;
    site.press("wrong_number").await;
    assert_eq!(site.world.count(open).await, 2);
    site.press("undo").await;
    assert_eq!(site.world.count(open).await, 1);
    site.close().await;
}

#[tokio::test]
async fn a_loss_is_not_undone_even_after_a_stop() {
    let site = Site::open().await;
    site.press("loss").await;
    assert_eq!(site.stored().await[1..], [1, 1]);
    cannot_be_undone(&site).await;
    site.close().await;

    let site = Site::open().await;
    let (_, claimed) = site.world.claim(&now("1042", 1_234_567)).await;
    assert_eq!(claimed, ClaimResult::Yes);
    site.press("stop").await;
    assert_eq!(site.stored().await[1..], [1, 0]);
    site.press("loss").await;
    assert_eq!(site.stored().await[1..], [1, 1]);
    cannot_be_undone(&site).await;
    let stored = site.stored().await;
    site.press("loss").await;
    assert_eq!(site.stored().await, stored);
    site.close().await;
}
