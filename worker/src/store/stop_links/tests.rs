use secrecy::SecretString;

use super::*;
use crate::store::world::World;

fn key(digit: char) -> LinkKey {
    LinkKey::parse(&SecretString::from(digit.to_string().repeat(64))).unwrap()
}

fn phone(n: u32) -> E164 {
    E164::parse(&format!("+977984{n:07}")).unwrap()
}

async fn issue(world: &World, key: LinkKey, phones: &[E164]) -> Vec<StopCode> {
    IssueCodes { pool: world.pool.clone(), key }.run(phones).await.unwrap()
}

async fn execute(world: &World, sql: &str) {
    sqlx::query(sql).execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn a_number_keeps_its_code_even_with_a_new_key() {
    let world = World::create().await;
    let phones = [phone(1), phone(2)];
    let first = issue(&world, key('a'), &phones).await;
    assert_eq!(first, phones.map(|phone| StopCode::derive(&key('a'), &phone, 0)));
    let three = [phone(2), phone(3), phone(1)];
    let again = issue(&world, key('b'), &three).await;
    assert_eq!(again, [first[1], StopCode::derive(&key('b'), &phone(3), 0), first[0]]);
    assert_eq!(find(&world.pool, first[0]).await.unwrap().unwrap().phone, phone(1));
    world.end().await;
}

#[tokio::test]
async fn a_code_of_another_number_or_a_revoked_one_is_never_issued_again() {
    let world = World::create().await;
    let taken = StopCode::derive(&key('a'), &phone(1), 0);
    let insert = format!(
        "INSERT INTO stop_links (code, phone_e164, epoch) VALUES ('{}', '{}', 0)",
        taken.as_str(),
        phone(9).as_str()
    );
    execute(&world, &insert).await;
    let issued = issue(&world, key('a'), &[phone(1), phone(2)]).await;
    assert_eq!(issued[0], StopCode::derive(&key('a'), &phone(1), 1));
    let mut connection = world.pool.acquire().await.unwrap();
    assert!(revoke(&mut connection, &phone(2)).await.unwrap());
    assert!(!revoke(&mut connection, &phone(3)).await.unwrap(), "it has none");
    drop(connection);
    let anew = issue(&world, key('a'), &[phone(2)]).await;
    assert_eq!(anew, [StopCode::derive(&key('a'), &phone(2), 1)]);
    assert!(find(&world.pool, issued[1]).await.unwrap().is_none(), "revoked");
    world.end().await;
}

#[tokio::test]
async fn a_number_that_gets_messages_by_whatsapp_is_not_stopped() {
    let world = World::create().await;
    let code = issue(&world, key('a'), &[phone(1)]).await[0];
    for (channel, stopped) in [("sms", false), ("any", true)] {
        execute(&world, "DELETE FROM suppressions").await;
        let stop = format!(
            "INSERT INTO suppressions (phone_e164, source, actor, reason, channel) VALUES ('{}', 'staff', 'm', '', '{channel}')",
            phone(1).as_str()
        );
        execute(&world, &stop).await;
        assert_eq!(find(&world.pool, code).await.unwrap().unwrap().stopped, stopped, "{channel}");
    }
    world.end().await;
}

#[test]
fn a_code_that_spells_a_forbidden_word_is_skipped() {
    let telling = StopCode::derive(&key('a'), &phone(192_613), 0);
    assert_eq!(telling.as_str(), "BABYSRE4P");
    assert_eq!(Candidate::from(&key('a'), phone(192_613), 0).epoch, 1);
    assert_eq!(Candidate::from(&key('a'), phone(1), 0).epoch, 0);
}

#[tokio::test]
async fn many_numbers_at_once_get_a_code_each() {
    let world = World::create().await;
    let phones: Vec<E164> = (0..256).map(phone).collect();
    let (one, two) = tokio::join!(issue(&world, key('a'), &phones), issue(&world, key('a'), &phones));
    assert_eq!(one, two);
    let stored: i64 =
        sqlx::query_scalar("SELECT count(*) FROM stop_links").fetch_one(&world.pool).await.unwrap();
    assert_eq!(stored, 256);
    world.end().await;
}

#[tokio::test]
async fn a_stop_request_is_opened_once_in_30_days() {
    let world = World::create().await;
    let mut connection = world.pool.acquire().await.unwrap();
    assert!(open_stop_request(&mut connection, &phone(1)).await.unwrap());
    assert!(!open_stop_request(&mut connection, &phone(1)).await.unwrap());
    assert!(open_stop_request(&mut connection, &phone(2)).await.unwrap(), "another number");
    let close = "UPDATE staff_tasks SET closed_at = now(), closed_by = 'maya'";
    sqlx::query(close).execute(&mut *connection).await.unwrap();
    assert!(!open_stop_request(&mut connection, &phone(1)).await.unwrap(), "closed, and not 30 days old");
    let later = "UPDATE staff_tasks SET opened_at = now() - interval '31 days'";
    sqlx::query(later).execute(&mut *connection).await.unwrap();
    assert!(open_stop_request(&mut connection, &phone(1)).await.unwrap());
    drop(connection);
    world.end().await;
}
