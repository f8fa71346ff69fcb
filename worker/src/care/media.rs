//! The files of what people write. They stay at Twilio: one is read when somebody asks for it, and passed on as it comes.

use std::{fmt, time::Duration};

use bytes::Bytes;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    acts::{Staff, note},
    file_type::FileType,
};
use crate::{
    store::inbound,
    twilio::{Client, MediaFault, MediaStream, MessageSid},
};

/// The largest file that WhatsApp takes (Twilio docs, "WhatsApp: accepted content types").
pub(crate) const LARGEST_FILE: u64 = 16 * 1024 * 1024;
/// For all bytes of a file. A phone's network needs less than that for the largest one.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// One file of a message.
#[derive(Clone, Copy)]
pub(crate) struct FileOf<'a> {
    pub(crate) conversation: Uuid,
    pub(crate) message: &'a MessageSid,
    /// From 1, in Twilio's order.
    pub(crate) number: usize,
}

/// Why a file is not shown, or not to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("no such message in the conversation")]
    Missing,
    #[error("the message has no such file")]
    NoFile,
    #[error("the time of the message is over")]
    Forgotten,
    #[error("Twilio does not have the file any more")]
    Gone,
    #[error("the file is larger than {LARGEST_FILE} bytes")]
    TooLarge,
    #[error("files of this type are not shown")]
    Type,
    #[error(transparent)]
    Twilio(MediaFault),
    #[error("{}", shared::db::sqlstate(.0))]
    Database(#[from] sqlx::Error),
}

impl From<MediaFault> for FileError {
    fn from(fault: MediaFault) -> Self {
        if fault.is_not_found() { Self::Gone } else { Self::Twilio(fault) }
    }
}

/// A file whose bytes are still to come.
pub(crate) struct OpenFile {
    pub(crate) kind: FileType,
    /// In bytes, if it is known.
    pub(crate) length: Option<u64>,
    bytes: MediaStream,
    passed: u64,
}

impl OpenFile {
    /// The next bytes. `None`: that was all. A file that turns out to be too large ends with an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, FileError> {
        let Some(piece) = self.bytes.next().await? else { return Ok(None) };
        self.passed = self.passed.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.passed > LARGEST_FILE { Err(FileError::TooLarge) } else { Ok(Some(piece)) }
    }
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFile").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Opens a file. The audit log keeps it before the first byte is passed on.
pub(crate) async fn open_file(
    pool: &PgPool,
    client: &Client,
    file: FileOf<'_>,
    staff: &Staff<'_>,
) -> Result<OpenFile, FileError> {
    let stored = inbound::media_of(pool, file.conversation, file.message.as_str()).await?;
    let stored = stored.ok_or(FileError::Missing)?;
    if stored.forgotten {
        return Err(FileError::Forgotten);
    }
    if stored.media < 1 {
        return Err(FileError::NoFile);
    }
    let listed = client.list_media(file.message).await?;
    let index = file.number.checked_sub(1).ok_or(FileError::NoFile)?;
    let record = listed.get(index).ok_or(FileError::Gone)?;
    let kind = FileType::of(&record.content_type).ok_or(FileError::Type)?;
    let bytes = client.open_media(file.message, &record.sid, TIME_LIMIT).await?;
    if !bytes.content_type().is_none_or(FileType::agrees) {
        return Err(FileError::Type);
    }
    let length = bytes.length();
    if length.is_some_and(|length| length > LARGEST_FILE) {
        return Err(FileError::TooLarge);
    }
    let mut connection = pool.acquire().await?;
    note(&mut connection, file.conversation, "inbox media", staff).await?;
    Ok(OpenFile { kind, length, bytes, passed: 0 })
}

#[cfg(test)]
mod tests;
