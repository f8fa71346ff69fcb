//! AMQP's primitive values, checked without allocating.

/// Depth of nested tables and arrays. RabbitMQ's own `x-death` needs three.
const MAX_DEPTH: usize = 16;

/// Why lapin must not see a value as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A short string is not UTF-8.
    NotUtf8,
    /// A value has an unknown type.
    UnknownType,
    /// Tables and arrays are nested too deeply.
    TooDeep,
    /// A length does not match the bytes that follow.
    Framing,
    /// The properties do not fit into a frame.
    TooLarge,
}

/// Reads from the front of a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Fault::Framing)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N)?.try_into().map_err(|_| Fault::Framing)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_be_bytes)
    }

    /// The bytes of a short string, UTF-8 or not.
    pub(super) fn short_bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    pub(super) fn short_string(&mut self) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.short_bytes()?).map_err(|_| Fault::NotUtf8)
    }

    pub(super) fn long_bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| Fault::Framing)?)
    }

    /// Checks the content of a table.
    pub(super) fn entries(&mut self, depth: usize) -> Result<(), Fault> {
        while !self.0.is_empty() {
            self.short_string()?;
            self.value(depth)?;
        }
        Ok(())
    }

    /// Checks a value, which begins with its type.
    pub(super) fn value(&mut self, depth: usize) -> Result<(), Fault> {
        let fixed = match self.u8()? {
            b'V' => 0,
            b't' | b'b' | b'B' => 1,
            b's' | b'U' | b'u' => 2,
            b'I' | b'i' | b'f' => 4,
            b'D' => 5,
            b'L' | b'l' | b'd' | b'T' => 8,
            b'S' | b'x' => return self.long_bytes().map(|_| ()),
            b'F' => return Cursor(self.nested(depth)?).entries(depth + 1),
            b'A' => {
                let mut items = Cursor(self.nested(depth)?);
                while !items.0.is_empty() {
                    items.value(depth + 1)?;
                }
                return Ok(());
            }
            _ => return Err(Fault::UnknownType),
        };
        self.take(fixed).map(|_| ())
    }

    fn nested(&mut self, depth: usize) -> Result<&'a [u8], Fault> {
        if depth >= MAX_DEPTH { Err(Fault::TooDeep) } else { self.long_bytes() }
    }
}

/// Writes a short string, cut to 255 bytes.
pub(super) fn put_short(out: &mut Vec<u8>, text: &str) {
    let end = (0..=text.len().min(255)).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    out.push(u8::try_from(end).unwrap_or(0));
    out.extend(&text.as_bytes()[..end]);
}

/// Writes the length and the bytes.
pub(super) fn put_long(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(bytes);
}
