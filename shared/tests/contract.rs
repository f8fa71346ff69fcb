//! The published contract matches the code. `UPDATE_CONTRACT=1 cargo test -p shared --test contract` writes the JSON
//! Schemas.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{
        BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;
use shared::{
    amqp::{Outgoing, PeopleEvent, Route, Topology, install_crypto},
    config::Namespace,
    domain::Change,
    events::{
        self, BackfillEvent, CONTENT_TYPE, ConsentChangedEvent, ConsentRecordedData, ConsentRecordedEvent,
        ErasedEvent, Kind, LossReportedEvent, MessageReceivedData, MessageReceivedEvent, NumberRejectedData,
        NumberRejectedEvent, OutData, OutEvent, ProfileChangedEvent, Rejected, SignedUpEvent, Version,
    },
    lane::QueueLane,
};

fn contract(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contract").join(path)
}

fn assert_published<T: JsonSchema>(name: &str) {
    let mut generated = serde_json::to_string_pretty(&schema_for!(T)).unwrap();
    generated.push('\n');
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        fs::write(contract(name), &generated).unwrap();
    }
    let published = fs::read_to_string(contract(name)).unwrap_or_default();
    assert_eq!(published, generated, "contract/{name} differs from the code: run with UPDATE_CONTRACT=1");
}

#[test]
fn the_schemas_are_those_of_the_code() {
    assert_published::<SignedUpEvent>("user.signed_up.v1.schema.json");
    assert_published::<BackfillEvent>("user.backfill.v1.schema.json");
    assert_published::<ProfileChangedEvent>("user.profile_changed.v1.schema.json");
    assert_published::<ConsentChangedEvent>("user.consent_changed.v1.schema.json");
    assert_published::<LossReportedEvent>("user.loss_reported.v1.schema.json");
    assert_published::<ErasedEvent>("user.erased.v1.schema.json");
    assert_published::<ConsentRecordedEvent>("onboarding.consent_recorded.v1.schema.json");
    assert_published::<NumberRejectedEvent>("onboarding.number_rejected.v1.schema.json");
    assert_published::<MessageReceivedEvent>("message.received.v1.schema.json");
}

/// What a portal reads in its tests is what the worker publishes.
#[test]
fn the_fixtures_of_published_events_are_those_of_the_code() {
    let at = |text: &str| text.parse().unwrap();
    let consent = OutData::Consent(ConsentRecordedData {
        user_id: "1042".into(),
        purpose: "tips".into(),
        channel: "any".into(),
        action: "withdraw".into(),
        source: "link".into(),
        at: at("2026-03-01T04:54:57.5Z"),
    });
    let rejection =
        OutData::Rejection(NumberRejectedData { user_id: "1042".into(), reason: "landline".into() });
    let message = OutData::Message(MessageReceivedData {
        message_sid: "SM00000000000000000000000000000001".into(),
        user_id: Some("1042".into()),
        channel: "whatsapp".into(),
        class: "other".into(),
        received_at: at("2026-03-01T04:54:57.5Z"),
    });
    for (file, id, data) in
        [("consent_recorded", 7, consent), ("number_rejected", 8, rejection), ("received", 9, message)]
    {
        let id = format!("0197c3a2-0000-7000-8000-{id:012}");
        let body = Outgoing::out(id, at("2026-03-01T04:54:58Z"), data);
        let fixture = fs::read(contract(&format!("fixtures/out/{file}.json"))).unwrap();
        let fixture: Value = serde_json::from_slice(&fixture).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(body.body()).unwrap(), fixture);
    }
}

/// One line of `fixtures/expected.tsv`.
#[derive(Debug, PartialEq)]
struct Expected {
    file: String,
    result: String,
    user_id: Option<Value>,
    phone: Option<Value>,
}

impl Expected {
    fn read(line: &str) -> Self {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, result, user_id, phone] = columns[..] else { panic!("four columns: {line}") };
        let value = |json: &str| (!json.is_empty()).then(|| serde_json::from_str(json).unwrap());
        Self { file: file.into(), result: result.into(), user_id: value(user_id), phone: value(phone) }
    }

    /// The result of decoding the file.
    fn decoded(file: &str) -> Self {
        let body = fs::read(contract("fixtures").join(file)).unwrap();
        let (result, user_id, phone) = match events::decode(&body) {
            Ok(event) => {
                let version = if file.starts_with("v0/") { Version::V0 } else { Version::V1 };
                assert_eq!(event.version, version, "{file}");
                let name = event.kind.event_type().strip_prefix("np.aamcare.user.").unwrap();
                let user_id = Value::from(event.kind.user_id().as_str());
                let phone = match event.kind {
                    Kind::SignedUp(signup) => Some(signup.phone.into()),
                    Kind::ProfileChanged(changed) => match changed.phone {
                        Change::Keep => None,
                        Change::Clear => Some(Value::Null),
                        Change::Set(phone) => Some(phone.into()),
                    },
                    _ => None,
                };
                (name.strip_suffix(".v1").unwrap().to_owned(), Some(user_id), phone)
            }
            Err(rejected) => (format!("dead_letter:{}", rejected.reason()), None, None),
        };
        Self { file: file.to_owned(), result, user_id, phone }
    }
}

#[test]
fn every_fixture_is_read_as_expected_permanently() {
    let list = fs::read_to_string(contract("fixtures/expected.tsv")).unwrap();
    let expected: Vec<Expected> = list.lines().skip(1).map(Expected::read).collect();
    for line in &expected {
        assert_eq!(Expected::decoded(&line.file), *line);
    }
    let listed: BTreeSet<String> = expected.into_iter().map(|e| e.file).collect();
    let present = ["v0", "v1"].into_iter().flat_map(|version| {
        let folder = fs::read_dir(contract("fixtures").join(version)).unwrap();
        folder.map(move |entry| format!("{version}/{}", entry.unwrap().file_name().into_string().unwrap()))
    });
    assert_eq!(listed, present.collect::<BTreeSet<_>>(), "expected.tsv lists every fixture");
}

fn asyncapi() -> Value {
    serde_saphyr::from_str(&fs::read_to_string(contract("asyncapi.yaml")).unwrap()).unwrap()
}

/// The name of channel and message of a route.
fn name_of(route: Route) -> &'static str {
    match route {
        Route::Lane(QueueLane::Live) => "signedUp",
        Route::Lane(QueueLane::Backfill) => "backfill",
        Route::People(PeopleEvent::ProfileChanged) => "profileChanged",
        Route::People(PeopleEvent::ConsentChanged) => "consentChanged",
        Route::People(PeopleEvent::LossReported) => "lossReported",
        Route::People(PeopleEvent::Erased) => "erased",
        Route::Out(OutEvent::ConsentRecorded) => "consentRecorded",
        Route::Out(OutEvent::NumberRejected) => "numberRejected",
        Route::Out(OutEvent::MessageReceived) => "messageReceived",
    }
}

#[test]
fn asyncapi_has_the_names_of_the_code() {
    let (api, topology) = (asyncapi(), Topology::new(Namespace::default()));
    let at = |path: &str| api.pointer(path).unwrap_or_else(|| panic!("{path} is missing")).clone();
    assert_eq!(at("/asyncapi"), "3.0.0");
    for route in Route::ALL.into_iter().chain(OutEvent::ALL.map(Route::Out)) {
        let (message, event_type) = (name_of(route), route.event_type());
        let channel = format!("/channels/{message}");
        assert_eq!(at(&format!("{channel}/address")), route.routing_key());
        let exchange = at(&format!("{channel}/bindings/amqp/exchange"));
        assert_eq!(
            (exchange["name"].as_str(), exchange["type"].as_str()),
            (Some(&*topology.exchange()), Some("topic"))
        );
        assert_eq!(exchange["durable"], true);
        let reference = format!("#/components/messages/{message}");
        assert_eq!(at(&format!("{channel}/messages/{message}/$ref")), *reference);
        let message = at(&format!("/components/messages/{message}"));
        assert_eq!(message["name"], event_type);
        assert_eq!(message["contentType"], CONTENT_TYPE);
        let schema = fs::read(contract(message["payload"]["$ref"].as_str().unwrap())).unwrap();
        let schema: Value = serde_json::from_slice(&schema).unwrap();
        assert_eq!(schema["properties"]["type"]["const"], event_type);
        let example = message["examples"][0]["payload"].to_string();
        let decoded = events::decode(example.as_bytes()).map(|event| event.kind.event_type());
        // The worker does not consume what it publishes for the portal.
        let expected =
            if matches!(route, Route::Out(_)) { Err(Rejected::UnknownType) } else { Ok(event_type) };
        assert_eq!(decoded, expected, "{example}");
    }
}

/// Name and documented arguments of every queue.
fn documented_queues() -> Vec<(String, Value)> {
    let api = asyncapi();
    let channels = api["channels"].as_object().unwrap().values();
    let queues = channels.filter(|c| c["bindings"]["amqp"]["is"] == "queue");
    queues
        .map(|c| {
            let name = c["bindings"]["amqp"]["queue"]["name"].as_str().unwrap();
            assert_eq!(c["address"], name);
            (name.to_owned(), c["x-queue-arguments"].clone())
        })
        .collect()
}

/// As AMQP arguments, within `namespace`.
fn arguments(documented: &Value, namespace: &Namespace) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in documented.as_object().unwrap() {
        let value = match value {
            Value::String(text) if key == "x-dead-letter-routing-key" => {
                AMQPValue::LongString(namespace.name(text).into())
            }
            Value::String(text) => AMQPValue::LongString(text.as_str().into()),
            number => AMQPValue::LongLongInt(number.as_i64().unwrap()),
        };
        table.insert(key.as_str().into(), value);
    }
    table
}

async fn declare(connection: &Connection, queue: &str, arguments: FieldTable) -> Result<(), lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await.map(|_| ())
}

/// The broker refuses to declare an existing queue with other arguments.
#[tokio::test]
async fn asyncapi_lists_the_queues_with_their_arguments() {
    install_crypto();
    let url = std::env::var("TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".into());
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let namespace: Namespace = format!("contract-{}", uuid::Uuid::now_v7().simple()).parse().unwrap();
    let topology = Topology::new(namespace.clone());
    let channel = connection.create_channel().await.unwrap();
    topology.declare(&channel).await.unwrap();

    let queues = documented_queues();
    let names: BTreeSet<String> = queues.iter().map(|(name, _)| namespace.name(name)).collect();
    assert_eq!(names, BTreeSet::from(queues_of(&topology)));
    for (name, documented) in &queues {
        let queue = namespace.name(name);
        declare(&connection, &queue, arguments(documented, &namespace)).await.unwrap();
        for key in documented.as_object().unwrap().keys().filter(|k| *k != "x-dead-letter-strategy") {
            let mut fewer = documented.clone();
            fewer.as_object_mut().unwrap().remove(key);
            let refused = declare(&connection, &queue, arguments(&fewer, &namespace)).await;
            assert!(refused.is_err(), "{queue} does not need {key}");
        }
    }
    remove(&channel, &topology).await;
}

/// An event of each routing key arrives in the queue of its route.
#[tokio::test]
async fn every_routing_key_is_bound_to_the_queue_of_its_route() {
    install_crypto();
    let url = std::env::var("TEST_AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".into());
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let namespace: Namespace = format!("contract-{}", uuid::Uuid::now_v7().simple()).parse().unwrap();
    let topology = Topology::new(namespace);
    let channel = connection.create_channel().await.unwrap();
    topology.declare(&channel).await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    for route in Route::ALL {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (topology.exchange(), route.routing_key());
        let published = channel.basic_publish(
            exchange.as_str().into(),
            key.into(),
            options,
            key.as_bytes(),
            BasicProperties::default(),
        );
        assert_eq!(published.await.unwrap().await.unwrap(), Confirmation::Ack(None), "{key}");
        let queue = route.lane().map_or_else(|| topology.people_queue(), |lane| topology.queue(lane));
        let got = channel.basic_get(queue.as_str().into(), BasicGetOptions { no_ack: true }).await.unwrap();
        assert_eq!(got.unwrap().delivery.data, key.as_bytes());
    }
    remove(&channel, &topology).await;
}

fn queues_of(topology: &Topology) -> [String; 4] {
    let [live, backfill] = QueueLane::ALL.map(|lane| topology.queue(lane));
    [live, backfill, topology.people_queue(), topology.dead_queue()]
}

async fn remove(channel: &Channel, topology: &Topology) {
    for queue in queues_of(topology) {
        channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    }
    let exchange = topology.exchange();
    channel.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default()).await.unwrap();
}
