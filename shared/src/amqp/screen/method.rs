//! Methods that carry text of a publisher: the exchange and the routing key of a message.

use super::fields::{Cursor, Fault, put_short};

const RETURN: [u8; 4] = [0, 60, 0, 50];
const DELIVER: [u8; 4] = [0, 60, 0, 60];
const GET_OK: [u8; 4] = [0, 60, 0, 71];
const TUNE: [u8; 4] = [0, 10, 0, 30];

/// The largest frame that the broker offers, in its Connection.Tune.
pub(super) fn offered_frame(payload: &[u8]) -> Option<u32> {
    let mut cursor = Cursor(payload.strip_prefix(&TUNE)?);
    cursor.u16().ok()?;
    cursor.u32().ok()
}

/// Replaces short strings that are not UTF-8. `None`: the method passes unchanged.
pub(super) fn replace(payload: &[u8]) -> Option<Vec<u8>> {
    let (id, arguments) = payload.split_first_chunk::<4>()?;
    let mut copy = Copy { from: Cursor(arguments), out: id.to_vec(), changed: false };
    let done = match *id {
        DELIVER => {
            copy.short().and_then(|()| copy.bytes(9)).and_then(|()| copy.short()).and_then(|()| copy.short())
        }
        GET_OK => {
            copy.bytes(9).and_then(|()| copy.short()).and_then(|()| copy.short()).and_then(|()| copy.bytes(4))
        }
        RETURN => {
            copy.bytes(2).and_then(|()| copy.short()).and_then(|()| copy.short()).and_then(|()| copy.short())
        }
        _ => return None,
    };
    (done.is_ok() && copy.changed).then_some(copy.out)
}

struct Copy<'a> {
    from: Cursor<'a>,
    out: Vec<u8>,
    changed: bool,
}

impl Copy<'_> {
    fn bytes(&mut self, count: usize) -> Result<(), Fault> {
        self.out.extend(self.from.take(count)?);
        Ok(())
    }

    fn short(&mut self) -> Result<(), Fault> {
        let text = String::from_utf8_lossy(self.from.short_bytes()?);
        self.changed |= matches!(text, std::borrow::Cow::Owned(_));
        put_short(&mut self.out, &text);
        Ok(())
    }
}
