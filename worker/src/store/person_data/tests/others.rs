//! An export shows nothing about other people.

use super::*;
use crate::store::person_data::export;

#[tokio::test]
async fn an_export_shows_nothing_of_another_user_of_the_number() {
    let world = World::create().await;
    let (request, _) = world.claim(&facts_at(USER, NUMBER, Utc::now() - TimeDelta::hours(1))).await;
    world.ends(Ended { outcome: AttemptOutcome::Accepted, ..ended(&request, true) }).await;
    let sister = UserId::parse("sister").unwrap();
    assert_eq!(world.link(&facts_at("sister", NUMBER, Utc::now()), &request).await, Written::Yes);
    let entry = NewEntry {
        key: EntryKey::random(),
        consent: Consent::new(Purpose::SupportAfterLoss, ConsentChannel::Any, ConsentAction::Grant),
    };
    doors::say(&world.pool, Person::User(&sister), &[entry], &STAFF).await.unwrap();
    doors::loss(&world.pool, Person::User(&sister), &STAFF).await.unwrap();
    doors::stop_tips(&world.pool, Person::User(&user()), &STAFF).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO dead_letters (reason, detail, routing_key, headers, body, body_sha256) VALUES
             ('schema', 'x', 'x', '{}', '{\"data\":{\"user_id\":\"sister\",\"phone_number\":\"9840000007\"}}', 'a')",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    for (of, other) in [(user(), "sister"), (sister, USER)] {
        let parts = export(&world.pool, &of).await.unwrap();
        assert!(parts.iter().any(|part| part.table == "suppressions"), "the number of both is stopped");
        for part in parts {
            for row in part.rows {
                assert!(!row.to_string().contains(other), "{of:?}, {}: {row}", part.table);
                let tells_a_loss = row["loss"] == true || row["because"] == "loss";
                assert!(of != user() || !tells_a_loss, "of her sister, {}: {row}", part.table);
            }
        }
    }
    world.end().await;
}

#[tokio::test]
async fn an_export_shows_nothing_of_the_people_who_have_a_former_number_now() {
    let world = World::create().await;
    for (name, number, minutes) in [(USER, NUMBER, 9), (USER, NUMBER + 1, 8), ("sister", NUMBER, 7)] {
        let facts = facts_at(name, number, Utc::now() - TimeDelta::minutes(minutes));
        let state = NewState::plain(facts, UserState::Received, None);
        let _ = Record { pool: world.pool.clone(), erasure: None }.run(&[state]).await.unwrap();
        let user = UserId::parse(name).unwrap();
        let entry = NewEntry {
            key: EntryKey::random(),
            consent: Consent::new(Purpose::Tips, ConsentChannel::Any, ConsentAction::Grant),
        };
        doors::consents(&world.pool, Person::User(&user), &[entry], &STAFF).await.unwrap();
    }
    sqlx::raw_sql(
        "INSERT INTO stop_links (code, phone_e164, epoch)
         VALUES ('PCWDDR9B5', '+9779840000007', 0), ('PCWDDR9B6', '+9779840000008', 0)",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let parts = export(&world.pool, &user()).await.unwrap();
    let links = parts.iter().find(|part| part.table == "stop_links").expect("of the present number");
    assert_eq!(links.rows.len(), 1, "{:?}", links.rows);
    assert!(links.rows[0].to_string().contains("PCWDDR9B6"));
    world.end().await;
}
