use axum::{
    Json, Router,
    body::Body,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::stream;
use serde_json::{Value, json};

use super::*;
use crate::{
    care::tests::{MAYA, NUMBER, SID, Site},
    twilio::stand_in::StandIn,
};

const PHOTO: &[u8] = b"\xff\xd8\xff\xe0 a photo";

/// A message of a person with this many files, and Twilio.
struct Scene {
    site: Site,
    conversation: Uuid,
    twilio: StandIn,
}

impl Scene {
    async fn new(
        files: i16,
        listed: Value,
        file: impl Fn() -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let site = Site::open().await;
        let conversation = site.written(Some(NUMBER), None, 1).await;
        let media = sqlx::query("UPDATE inbound SET kind = 'media', media = $1").bind(files);
        media.execute(&site.world.pool).await.unwrap();
        let folder = "/2010-04-01/Accounts/{account}/Messages/{message}";
        let list = move || async move { Json(json!({ "media_list": listed })) };
        let routes = Router::new()
            .route(&format!("{folder}/Media.json"), get(list))
            .route(&format!("{folder}/Media/{{file}}"), get(move || async move { file() }));
        Self { site, conversation, twilio: StandIn::of(routes).await }
    }

    /// With one file of this type.
    async fn of(kind: &str, file: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Self {
        Self::new(1, json!([record(1, kind)]), file).await
    }

    async fn open(&self, number: usize) -> Result<OpenFile, FileError> {
        self.open_of(self.conversation, number).await
    }

    async fn open_of(&self, conversation: Uuid, number: usize) -> Result<OpenFile, FileError> {
        let message = MessageSid::parse(SID).unwrap();
        let file = FileOf { conversation, message: &message, number };
        open_file(&self.site.world.pool, &self.twilio.client(), file, &MAYA).await
    }

    async fn refused(&self, number: usize) -> FileError {
        let refused = self.open(number).await.unwrap_err();
        assert_eq!(self.looks().await, 0, "nobody saw anything");
        refused
    }

    async fn looks(&self) -> i64 {
        self.site.world.count("SELECT count(*) FROM audit_log WHERE action = 'inbox media'").await
    }

    async fn run(&self, sql: &str) {
        sqlx::query(sql).execute(&self.site.world.pool).await.unwrap();
    }

    async fn end(self) {
        self.site.world.end().await;
    }
}

fn record(n: u32, kind: &str) -> Value {
    json!({ "sid": format!("ME{n:032}"), "content_type": kind })
}

fn photo() -> Response {
    ([(CONTENT_TYPE, "image/jpeg")], PHOTO).into_response()
}

async fn all(mut file: OpenFile) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    while let Some(piece) = file.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_file_is_passed_on_byte_by_byte_and_the_look_is_audited() {
    let scene = Scene::of("image/jpeg", photo).await;
    let file = scene.open(1).await.unwrap();
    assert_eq!((file.kind.name, file.length), ("image/jpeg", Some(PHOTO.len() as u64)));
    let entry =
        "SELECT concat_ws('|', actor, action, subject, reason) FROM audit_log WHERE action = 'inbox media'";
    let entry: String = sqlx::query_scalar(entry).fetch_one(&scene.site.world.pool).await.unwrap();
    assert_eq!(entry, format!("maya|inbox media|conversation {}|asked about fever", scene.conversation));
    assert_eq!(all(file).await.unwrap(), PHOTO);
    scene.end().await;
}

#[tokio::test]
async fn a_file_that_says_that_it_is_too_large_is_not_opened() {
    let limit = usize::try_from(LARGEST_FILE).unwrap();
    let scene = Scene::of("image/jpeg", move || vec![b'.'; limit + 1].into_response()).await;
    assert!(matches!(scene.refused(1).await, FileError::TooLarge));
    scene.end().await;
    let scene = Scene::of("image/jpeg", move || vec![b'.'; limit].into_response()).await;
    assert_eq!(all(scene.open(1).await.unwrap()).await.unwrap().len(), limit);
    scene.end().await;
}

#[tokio::test]
async fn a_file_that_turns_out_to_be_too_large_is_cut_off() {
    let endless = || Body::from_stream(stream::repeat_with(|| Ok::<_, FileError>(vec![b'.'; 1 << 20])));
    let scene = Scene::of("image/jpeg", move || Response::new(endless())).await;
    let mut file = scene.open(1).await.unwrap();
    assert_eq!(file.length, None);
    let (mut passed, mut ended) = (0, None);
    while ended.is_none() {
        match file.next().await {
            Ok(Some(piece)) => passed += piece.len() as u64,
            other => ended = Some(other),
        }
    }
    assert!(matches!(ended, Some(Err(FileError::TooLarge))), "{ended:?}");
    assert!(passed <= LARGEST_FILE, "{passed}");
    scene.end().await;
}

#[tokio::test]
async fn a_type_that_is_not_listed_is_not_opened_whoever_names_it() {
    let scene = Scene::of("text/html", photo).await;
    assert!(matches!(scene.refused(1).await, FileError::Type), "as Twilio's list says");
    scene.end().await;
    let page = || ([(CONTENT_TYPE, "text/html")], "<script>alert(1)</script>").into_response();
    let scene = Scene::of("image/jpeg", page).await;
    assert!(matches!(scene.refused(1).await, FileError::Type), "as the store says");
    scene.end().await;
    let bytes = || ([(CONTENT_TYPE, "binary/octet-stream")], PHOTO).into_response();
    let scene = Scene::of("audio/ogg; codecs=opus", bytes).await;
    assert_eq!(scene.open(1).await.unwrap().kind.name, "audio/ogg", "the store does not know it");
    scene.end().await;
}

#[tokio::test]
async fn each_file_of_a_message_has_its_number() {
    let scene = Scene::new(2, json!([record(1, "image/png"), record(2, "application/pdf")]), || {
        Response::new(PHOTO.into())
    })
    .await;
    assert!(matches!(scene.refused(0).await, FileError::NoFile));
    assert!(matches!(scene.refused(3).await, FileError::Gone), "Twilio has two");
    assert_eq!(scene.open(1).await.unwrap().kind.extension, "png");
    assert_eq!(scene.open(2).await.unwrap().kind.extension, "pdf");
    scene.end().await;
}

#[tokio::test]
async fn a_file_that_was_deleted_at_twilio_is_gone_and_any_other_fault_is_named() {
    let scene = Scene::of("image/jpeg", || StatusCode::NOT_FOUND.into_response()).await;
    assert!(matches!(scene.refused(1).await, FileError::Gone));
    scene.end().await;
    let scene = Scene::new(1, json!([]), photo).await;
    assert!(matches!(scene.refused(1).await, FileError::Gone), "an empty list");
    scene.end().await;
    let scene = Scene::of("image/jpeg", || StatusCode::FORBIDDEN.into_response()).await;
    let refused = scene.refused(1).await;
    assert_eq!(refused.to_string(), "Twilio answered HTTP 403, error code 0");
    scene.end().await;
}

#[tokio::test]
async fn only_files_of_messages_that_are_still_kept_are_opened() {
    let scene = Scene::of("image/jpeg", photo).await;
    let other = scene.open_of(Uuid::now_v7(), 1).await;
    assert!(matches!(other, Err(FileError::Missing)), "of another conversation: {other:?}");
    scene.run("UPDATE inbound SET media = 0").await;
    assert!(matches!(scene.refused(1).await, FileError::NoFile));
    scene.run("UPDATE inbound SET media = 1, phone_e164 = NULL, external_id = NULL, body = NULL").await;
    assert!(matches!(scene.refused(1).await, FileError::Forgotten), "pruned");
    scene.run("DELETE FROM conversations").await;
    assert!(matches!(scene.refused(1).await, FileError::Missing), "erased");
    scene.end().await;
}
