//! The content header of a message: class, weight, length of the body, properties.

use super::{
    fields::{Cursor, Fault, put_long},
    marks,
};

/// The longest body that is passed: 64 KiB, four times the longest that is processed. The beginning of a longer body is
/// enough for a person to recognise it. A thousand prefetched bodies must not fill the memory.
pub(super) const MAX_BODY: u64 = 4 * crate::events::MAX_BODY_BYTES as u64;

/// Class, weight, length of the body.
const FIXED: usize = 12;
const HEADERS: u16 = 1 << 13;
const DELIVERY_MODE: u16 = 1 << 12;
const PRIORITY: u16 = 1 << 11;
const MESSAGE_ID: u16 = 1 << 7;
const TIMESTAMP: u16 = 1 << 6;
/// Set when a second word of flags follows. AMQP defines no property in it.
const CONTINUED: u16 = 1;
/// Bytes of headers that are kept of unreadable properties. With the notes they fit into the smallest frame of a
/// connection.
const MAX_KEPT_HEADERS: usize = 2048;

/// The readable part of the properties, and the fault of the rest.
#[derive(Debug, Default)]
struct Readable<'a> {
    headers: Option<&'a [u8]>,
    message_id: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
    fault: Option<Fault>,
}

/// The replacement for the payload of a header frame; `None` if it passes unchanged. `complete` is false if the frame
/// exceeds the limit, so that `payload` holds only its beginning.
pub(super) fn replace(payload: &[u8], complete: bool) -> Option<Vec<u8>> {
    let (fixed, properties) = payload.split_at_checked(FIXED)?;
    let mut body_bytes = Cursor(&fixed[4..]);
    let body_bytes = body_bytes.u64().ok()?;
    let mut readable = Readable::default();
    let read = read(properties, &mut readable);
    let fault = if complete { read.err().or(readable.fault) } else { Some(Fault::TooLarge) };
    let cut = body_bytes > MAX_BODY;
    if fault.is_none() && !cut {
        return None;
    }
    let mut entries = match readable.headers {
        Some(headers) if fault.is_none() && headers.len() <= MAX_KEPT_HEADERS => headers.to_vec(),
        Some(headers) => plain_entries(headers),
        None => Vec::new(),
    };
    if let Some(fault) = fault {
        marks::put_fault(&mut entries, fault, properties);
    }
    if cut {
        marks::put_body_bytes(&mut entries, body_bytes);
    }
    let mut out = fixed[..4].to_vec();
    out.extend(body_bytes.min(MAX_BODY).to_be_bytes());
    if fault.is_none() {
        with_headers(properties, readable.headers, &entries, &mut out);
    } else {
        new_properties(&readable, &entries, &mut out);
    }
    Some(out)
}

/// Reads all properties in the order of their flags.
fn read<'a>(properties: &'a [u8], readable: &mut Readable<'a>) -> Result<(), Fault> {
    let mut cursor = Cursor(properties);
    let flags = cursor.u16()?;
    for bit in (2..16).rev() {
        if flags & (1 << bit) == 0 {
            continue;
        }
        let before = cursor.0;
        let checked = match 1 << bit {
            HEADERS => {
                let content = cursor.long_bytes()?;
                readable.headers = Some(content);
                Cursor(content).entries(0)
            }
            TIMESTAMP => {
                readable.timestamp = Some(cursor.take(8)?);
                Ok(())
            }
            DELIVERY_MODE | PRIORITY => cursor.u8().map(|_| ()),
            name => {
                let text = std::str::from_utf8(cursor.short_bytes()?);
                if name == MESSAGE_ID && text.is_ok() {
                    readable.message_id = Some(&before[..before.len() - cursor.0.len()]);
                }
                text.map(|_| ()).map_err(|_| Fault::NotUtf8)
            }
        };
        readable.fault = readable.fault.or(checked.err());
    }
    if flags & CONTINUED != 0 || !cursor.0.is_empty() { Err(Fault::Framing) } else { Ok(()) }
}

/// The readable entries of a table without nested ones, up to [`MAX_KEPT_HEADERS`] bytes.
fn plain_entries(headers: &[u8]) -> Vec<u8> {
    let (mut kept, mut cursor) = (Vec::new(), Cursor(headers));
    while !cursor.0.is_empty() {
        let before = cursor.0;
        let Ok(name) = cursor.short_bytes() else { break };
        let nests = matches!(cursor.0.first(), Some(b'F' | b'A'));
        let skipped = if nests {
            cursor.take(1).and_then(|_| cursor.long_bytes()).map(|_| ())
        } else {
            cursor.value(0)
        };
        if skipped.is_err() {
            break;
        }
        let entry = &before[..before.len() - cursor.0.len()];
        if !nests && std::str::from_utf8(name).is_ok() && kept.len() + entry.len() <= MAX_KEPT_HEADERS {
            kept.extend(entry);
        }
    }
    kept
}

/// The same properties with other headers.
fn with_headers(properties: &[u8], headers: Option<&[u8]>, entries: &[u8], out: &mut Vec<u8>) {
    let flags = Cursor(properties).u16().unwrap_or(0);
    // Content type and content encoding precede the headers.
    let mut before = Cursor(properties.get(2..).unwrap_or_default());
    let rest = before.0;
    for _ in 0..(flags >> 14).count_ones() {
        let _readable = before.short_bytes();
    }
    out.extend((flags | HEADERS).to_be_bytes());
    out.extend(&rest[..rest.len() - before.0.len()]);
    put_long(out, entries);
    out.extend(before.0.get(headers.map_or(0, |old| 4 + old.len())..).unwrap_or_default());
}

/// New properties, made from the readable ones that the worker uses.
fn new_properties(readable: &Readable<'_>, entries: &[u8], out: &mut Vec<u8>) {
    let flag = |is: bool, bit: u16| if is { bit } else { 0 };
    let flags = HEADERS
        | flag(readable.message_id.is_some(), MESSAGE_ID)
        | flag(readable.timestamp.is_some(), TIMESTAMP);
    out.extend(flags.to_be_bytes());
    put_long(out, entries);
    out.extend(readable.message_id.unwrap_or_default());
    out.extend(readable.timestamp.unwrap_or_default());
}
