//! lapin's own parser reads all output of the screen. Frames that it could read before pass unchanged.

use amq_protocol::{
    frame::{AMQPFrame, parse_frame},
    protocol::BasicProperties,
    types::{AMQPValue, FieldTable},
};
use proptest::prelude::*;

use super::*;
use crate::amqp::Screened;

fn frame(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    head(kind, channel, payload.len() as u64, &mut out);
    out.extend(payload);
    out.push(END);
    out
}

fn header(body_bytes: u64, properties: &[u8]) -> Vec<u8> {
    let payload = [&[0, 60, 0, 0][..], &body_bytes.to_be_bytes(), properties].concat();
    frame(HEADER, 1, &payload)
}

fn screened(input: &[u8], chunk: usize) -> Vec<u8> {
    let (mut screen, mut out) = (Screen::new(), Vec::new());
    input.chunks(chunk.max(1)).for_each(|part| screen.feed(part, &mut out));
    out
}

/// Every frame in `bytes` as lapin reads them. Panics at a frame that would end the connection.
fn parsed(mut bytes: &[u8]) -> Vec<AMQPFrame> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (rest, frame) = parse_frame(bytes).expect("lapin can parse it");
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn properties_of(bytes: &[u8]) -> BasicProperties {
    match parsed(bytes).into_iter().next() {
        Some(AMQPFrame::Header(_, header)) => header.properties,
        other => panic!("no header: {other:?}"),
    }
}

fn notes(properties: &BasicProperties) -> Screened {
    Screened::of(properties.headers().as_ref())
}

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// Properties with this table only.
fn with_table(entries: &[u8]) -> Vec<u8> {
    [&(1_u16 << 13).to_be_bytes()[..], &long(entries)].concat()
}

fn nested(kind: u8, depth: usize) -> Vec<u8> {
    let mut value = vec![b'V'];
    for _ in 0..depth {
        let content = if kind == b'F' { [vec![0], value].concat() } else { value };
        value = [vec![kind], long(&content)].concat();
    }
    [short(b"deep"), value].concat()
}

#[test]
fn readable_messages_pass_byte_for_byte() {
    let entries =
        [short(b"n"), vec![b'F'], long(&[short(b"list"), vec![b'A'], long(b"VVV")].concat())].concat();
    let deliver =
        [&[0, 60, 0, 60][..], &short(b"tag"), &7_u64.to_be_bytes(), &[0], &short(b"e"), &short(b"k")]
            .concat();
    let stream = [
        frame(METHOD, 1, &deliver),
        header(5, &with_table(&entries)),
        frame(BODY, 1, b"he\xcel"),
        frame(BODY, 1, b"o"),
        frame(8, 0, b""),
    ]
    .concat();
    for chunk in [1, 2, 7, 10_000] {
        assert_eq!(screened(&stream, chunk), stream);
    }
    assert_eq!(screened(b"AMQP\0\x01\0\0\x02rest", 3), b"AMQP\0\x01\0\0\x02rest");
}

#[test]
fn every_short_string_that_is_not_utf8_is_noted_and_the_rest_kept() {
    // Every property but headers, delivery mode, priority and timestamp is a short string.
    for bit in [15, 14, 10, 9, 8, 7, 5, 4, 3, 2] {
        let flags = (1_u16 << bit) | (1 << 6);
        let time = 1_795_000_000_u64.to_be_bytes();
        let mut parts = vec![(bit, short(b"\xff\xfe")), (6, time.to_vec())];
        parts.sort_by_key(|(bit, _)| std::cmp::Reverse(*bit));
        let bytes: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part).collect();
        let found = properties_of(&screened(&header(0, &[&flags.to_be_bytes()[..], &bytes].concat()), 5));
        assert_eq!(notes(&found).unreadable, Some("an AMQP property or the name of a header is not UTF-8"));
        assert_eq!(found.timestamp(), &Some(1_795_000_000));
        let kept = found.headers().as_ref().unwrap().inner().get("x-aamcare-screen-properties");
        assert!(matches!(kept, Some(AMQPValue::LongString(text)) if text.to_string().contains("\\xff\\xfe")));
    }
}

#[test]
fn unreadable_headers_are_noted_and_the_readable_ones_kept() {
    let good = [short(b"x-first-death-queue"), vec![b'S'], long(b"onboarding.live")].concat();
    let cases = [
        (
            [good.clone(), short(b"\xff"), vec![b'V']].concat(),
            "an AMQP property or the name of a header is not UTF-8",
        ),
        ([good.clone(), short(b"k"), vec![b'Z', 1, 2]].concat(), "a header has an unknown AMQP type"),
        ([good.clone(), nested(b'F', 10_000)].concat(), "headers are nested too deeply"),
        ([good.clone(), nested(b'A', 10_000)].concat(), "headers are nested too deeply"),
        ([good.clone(), short(b"k"), vec![b'S', 0, 0, 1, 0]].concat(), "the AMQP properties are malformed"),
        (
            [good.clone(), [short(b"k"), vec![b'S'], long(&vec![b'x'; 200_000])].concat()].concat(),
            "the properties do not fit into a frame",
        ),
    ];
    for (entries, text) in cases {
        let found = properties_of(&screened(&header(3, &with_table(&entries)), 4096));
        assert_eq!(notes(&found).unreadable, Some(text));
        let kept = found.headers().as_ref().unwrap().inner().get("x-first-death-queue");
        let fits = text != "the properties do not fit into a frame";
        assert_eq!(kept.is_some(), fits, "{text}");
    }
}

#[test]
fn a_message_of_any_size_takes_little_memory() {
    let size = 100 * 1024 * 1024_u64;
    let table = with_table(&[short(b"traceparent"), vec![b'S'], long(b"00-a-b-01")].concat());
    let (mut screen, mut out) = (Screen::new(), Vec::new());
    screen.feed(&header(size, &table), &mut out);
    let found = properties_of(&out);
    assert_eq!(notes(&found), Screened { unreadable: None, body_bytes: Some(size) });
    assert!(found.headers().as_ref().unwrap().inner().contains_key("traceparent"));
    out.clear();
    let (piece, mut sent) = (vec![b'x'; 8_184], 0);
    while sent < size {
        let part = &piece[..usize::try_from(size - sent).unwrap().min(piece.len())];
        sent += part.len() as u64;
        screen.feed(&frame(BODY, 1, part), &mut out);
    }
    // The next message on the channel is ordinary.
    screen.feed(&[header(2, &[0, 0]), frame(BODY, 1, b"ok")].concat(), &mut out);
    let bodies: Vec<usize> = parsed(&out)
        .iter()
        .filter_map(|f| if let AMQPFrame::Body(_, b) = f { Some(b.len()) } else { None })
        .collect();
    assert_eq!(bodies.iter().sum::<usize>() as u64, MAX_BODY + 2);
    assert_eq!(bodies.last(), Some(&2));
}

#[test]
fn a_routing_key_that_is_not_utf8_does_not_end_the_connection() {
    let deliver =
        [&[0, 60, 0, 60][..], &short(b"tag"), &7_u64.to_be_bytes(), &[1], &short(b"e"), &short(&[0xff; 255])]
            .concat();
    let returned =
        [&[0, 60, 0, 50][..], &[1, 56], &short(b"NO_ROUTE"), &short(b"e"), &short(b"\xff")].concat();
    let got = [
        &[0, 60, 0, 71][..],
        &7_u64.to_be_bytes(),
        &[1],
        &short(b"\xff"),
        &short(b"k"),
        &1_u32.to_be_bytes(),
    ]
    .concat();
    for method in [deliver, returned, got] {
        assert_eq!(parsed(&screened(&frame(METHOD, 1, &method), 9)).len(), 1);
    }
}

#[test]
fn headers_may_be_as_large_as_the_broker_says() {
    let tune = [&[0, 10, 0, 30][..], &[7, 255], &8_192_u32.to_be_bytes(), &[0, 60]].concat();
    let large = [short(b"k"), vec![b'S'], long(&vec![b'x'; 9_000])].concat();
    let (mut screen, mut out) = (Screen::new(), Vec::new());
    screen.feed(&frame(METHOD, 0, &tune), &mut out);
    out.clear();
    screen.feed(&header(0, &with_table(&large)), &mut out);
    assert!(notes(&properties_of(&out)).unreadable.is_some() && out.len() <= 8_192);
    assert_eq!(notes(&properties_of(&screened(&header(0, &with_table(&large)), 100))), Screened::default());
}

#[test]
fn a_publisher_cannot_forge_the_text_of_a_note() {
    let mut table = FieldTable::default();
    table.insert("x-aamcare-screen-fault".into(), AMQPValue::LongString("my own words".into()));
    table.insert("x-aamcare-screen-body-bytes".into(), AMQPValue::LongLongInt(-1));
    assert_eq!(Screened::of(Some(&table)), Screened::default());
}

/// Bytes that often begin like properties.
fn properties() -> impl Strategy<Value = Vec<u8>> {
    let entry = prop_oneof![
        any::<(u8, Vec<u8>)>().prop_map(|(kind, rest)| [short(b"k"), vec![kind], rest].concat()),
        proptest::collection::vec(any::<u8>(), 0..6).prop_map(|name| [short(&name), vec![b't', 1]].concat()),
        (0..40_usize, prop_oneof![Just(b'F'), Just(b'A')]).prop_map(|(depth, kind)| nested(kind, depth)),
        "[tbBsUuIifDLldTSxVFA]".prop_map(|kind| [short(b"k"), kind.into_bytes(), vec![0; 8]].concat()),
    ];
    prop_oneof![
        any::<Vec<u8>>(),
        (any::<u16>(), any::<Vec<u8>>()).prop_map(|(flags, rest)| [&flags.to_be_bytes()[..], &rest].concat()),
        proptest::collection::vec(entry, 0..4).prop_map(|entries| with_table(&entries.concat())),
    ]
}

proptest! {
    #[test]
    fn lapin_can_parse_all_output(
        properties in properties(), body in 0..400_000_u64, chunk in 1..300_usize,
    ) {
        let input = header(body, &properties);
        let out = screened(&input, chunk);
        let frames = parsed(&out);
        prop_assert_eq!(frames.len(), 1);
        // A readable header that is neither deep nor long passes unchanged.
        let deep = properties.windows(2).filter(|w| matches!(w, [b'F' | b'A', 0])).count() >= 16;
        if parse_frame(&input[..]).is_ok() && !deep && body <= MAX_BODY {
            prop_assert_eq!(out, input);
        }
    }

    #[test]
    fn chunks_make_no_difference(properties in properties(), bytes in any::<Vec<u8>>(), chunk in 1..50_usize) {
        let size = MAX_BODY + bytes.len() as u64;
        let body = vec![b'x'; usize::try_from(MAX_BODY).unwrap()];
        let input = [header(size, &properties), frame(BODY, 1, &body), frame(BODY, 1, &bytes), frame(8, 0, b"")].concat();
        let whole = screened(&input, input.len());
        prop_assert_eq!(&screened(&input, chunk * 97), &whole);
        prop_assert!(parsed(&whole).len() >= 3);
    }
}
