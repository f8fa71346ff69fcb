use super::*;
use crate::store::{conversations::Turn, counts, world::World};

const STAFF: [&str; 2] = ["+9779851111111", "+9779852222222"];

async fn written(world: &World, phone: &str, urgency: i16) -> uuid::Uuid {
    let mut tx = world.pool.begin().await.unwrap();
    let turn = Turn {
        channel: "whatsapp",
        recipient: "+14155238886",
        phone_e164: Some(phone),
        external_id: None,
        class: "danger",
        urgency,
    };
    let id = conversations::add(&mut tx, &turn).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn pass_a_quarter_of_an_hour(world: &World) {
    let sql = "UPDATE conversations SET next_notice_at = next_notice_at - interval '15 minutes'";
    sqlx::query(sql).execute(&world.pool).await.unwrap();
}

async fn told(task: &mut UrgentNotices, world: &World) -> i64 {
    let before = world.count("SELECT count(*) FROM messages").await;
    task.step().await.unwrap();
    world.count("SELECT count(*) FROM messages").await - before
}

#[tokio::test]
async fn staff_are_told_four_times_unless_somebody_answers() {
    let world = World::create().await;
    let phones = STAFF.map(|phone| E164::parse(phone).unwrap()).to_vec();
    let mut task = UrgentNotices { pool: world.pool.clone(), phones };
    written(&world, "+9779840000001", 0).await;
    assert_eq!(told(&mut task, &world).await, 0, "it is not urgent");
    let id = written(&world, "+9779840000002", 2).await;
    written(&world, "+9779840000003", 1).await;
    assert_eq!(told(&mut task, &world).await, 2, "one to each number, for both conversations");
    assert_eq!(told(&mut task, &world).await, 0);
    written(&world, "+9779840000002", 2).await;
    assert_eq!(told(&mut task, &world).await, 0, "staff know of it");
    for _ in 0..3 {
        pass_a_quarter_of_an_hour(&world).await;
        assert_eq!(told(&mut task, &world).await, 2);
    }
    pass_a_quarter_of_an_hour(&world).await;
    assert_eq!(told(&mut task, &world).await, 0, "four in all");
    let mut tx = world.pool.begin().await.unwrap();
    conversations::answered(&mut tx, id, "maya").await.unwrap();
    tx.commit().await.unwrap();
    written(&world, "+9779840000002", 2).await;
    assert_eq!(told(&mut task, &world).await, 2, "another message after an answer is news");
    let notices = "SELECT count(*) FROM messages WHERE kind = 'notice' AND channel = 'sms' AND lane = 'replies' AND user_id = ''
                       AND slot = 'staff_urgent' AND expires_at > calendar_now()";
    assert_eq!(world.count(notices).await, 10);
    world.end().await;
}

#[tokio::test]
async fn a_person_who_writes_again_has_waited_since_the_first_message() {
    let world = World::create().await;
    let phone = "+9779840000001";
    let waits = async || counts::inbox(&mut world.pool.acquire().await.unwrap()).await.unwrap().urgent_waits;
    let id = written(&world, phone, 2).await;
    let earlier = "UPDATE conversations SET waits_since = waits_since - interval '20 minutes'";
    sqlx::query(earlier).execute(&world.pool).await.unwrap();
    written(&world, phone, 2).await;
    assert!(waits().await >= 1_200.0);
    let mut tx = world.pool.begin().await.unwrap();
    conversations::answered(&mut tx, id, "maya").await.unwrap();
    tx.commit().await.unwrap();
    assert!(waits().await <= 0.0, "answered");
    written(&world, phone, 2).await;
    assert!(waits().await < 1_200.0, "a new wait");
    world.end().await;
}
