//! The messages of a user are those of the view `message_log`.

use chrono::Utc;

use super::{
    doors::NUMBER,
    fallbacks::{claims, due, failed, reports, welcomed},
    notices::accepted,
};
use crate::store::{
    fixtures::facts_at,
    person_messages::{self, Message},
    world::World,
};

/// How many rows of one differ from those of the other.
async fn differences(world: &World, user: &str, messages: &[Message]) -> i64 {
    let listed = serde_json::to_value(messages).unwrap();
    sqlx::query_scalar(
        "WITH listed AS (
             SELECT attempt_id, message_id, kind, channel, slot, state, reason, message_sid, status, fallback_of, due_at,
                    created_at, updated_at FROM jsonb_populate_recordset(NULL::message_log, $1)
         ), logged AS (
             SELECT attempt_id, message_id, kind, channel, slot, state, reason, message_sid, status, fallback_of, due_at,
                    created_at, updated_at FROM message_log WHERE user_id = $2
         )
         SELECT (SELECT count(*) FROM (SELECT * FROM listed EXCEPT ALL SELECT * FROM logged) a)
              + (SELECT count(*) FROM (SELECT * FROM logged EXCEPT ALL SELECT * FROM listed) b)",
    )
    .bind(listed)
    .bind(user)
    .fetch_one(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_welcome_on_two_channels_and_notices_with_and_without_an_attempt_are_listed() {
    let world = World::create().await;
    let request = welcomed(&world).await;
    reports(&world, &request, "failed", &failed()).await;
    claims(&world, due(&world).await[0].first).await;
    let sent = world.notice("ama", &[]).await;
    let to_her = "UPDATE messages SET phone_e164 = (SELECT phone_e164 FROM users WHERE user_id = 'ama')";
    sqlx::raw_sql(to_her).execute(&world.pool).await.unwrap();
    let attempt = world.claimed(&sent).await;
    world.ends(accepted(attempt)).await;
    let _waits = world.notice("ama", &[]).await;
    let messages = person_messages::of_user(&world.pool, "ama").await.unwrap();
    let told: Vec<String> = messages
        .iter()
        .map(|one| format!("{} {} {}", one.kind, one.channel.as_deref().unwrap_or("-"), one.shown_state()))
        .collect();
    assert_eq!(
        told,
        ["welcome whatsapp failed", "welcome sms sending", "notice sms accepted", "notice sms waiting"]
    );
    assert_eq!(messages[0].shown_reason().as_deref(), Some("error_63003"));
    assert_eq!(messages[1].fallback_of, messages[0].attempt_id);
    assert_eq!(differences(&world, "ama", &messages).await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_user_who_got_no_welcome_has_a_line_of_their_own() {
    let world = World::create().await;
    let (request, _) = world.claim(&facts_at("ama", NUMBER, Utc::now())).await;
    sqlx::raw_sql(
        "UPDATE users SET state = 'received', reason = 'no_template', attempt_id = NULL;
         DELETE FROM attempts",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let messages = person_messages::of_user(&world.pool, request.user.facts.user_id.as_str()).await.unwrap();
    assert_eq!((messages.len(), messages[0].state.as_str()), (1, "waiting"));
    assert_eq!(messages[0].shown_reason().as_deref(), Some("no_template"));
    assert_eq!(differences(&world, "ama", &messages).await, 0);
    world.end().await;
}
