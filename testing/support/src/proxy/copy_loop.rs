//! Moves the bytes of one connection in one direction.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::tcp::{ReadHalf, WriteHalf},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use super::toxic::{Direction, Toxics};

/// A request that is let through and whose reply is lost with its connection.
#[derive(Debug, Default)]
pub(crate) struct LostReply {
    pub(crate) pattern: Vec<u8>,
    /// How often it still happens.
    pub(crate) left: u32,
    /// How often it happened.
    pub(crate) sprung: u32,
}

impl LostReply {
    fn springs(&mut self, bytes: &[u8]) -> bool {
        let hit = self.left > 0 && bytes.windows(self.pattern.len()).any(|w| w == self.pattern);
        if hit {
            self.left -= 1;
            self.sprung += 1;
        }
        hit
    }
}

/// What the two directions of one connection share.
pub(crate) struct CopyLoop<'a> {
    pub(crate) toxics: watch::Receiver<Toxics>,
    pub(crate) lost_reply: &'a Mutex<LostReply>,
    pub(crate) cut: &'a CancellationToken,
    /// The reply to the last request is to be lost.
    pub(crate) doomed: AtomicBool,
}

impl CopyLoop<'_> {
    /// Copies until the source ends, then passes the end on.
    pub(crate) async fn copy(
        &self,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
        direction: Direction,
    ) -> io::Result<()> {
        let mut toxics = self.toxics.clone();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let n = from.read(&mut buffer).await?;
            // Err: the proxy is gone, and this connection with it.
            let _ = toxics.wait_for(|d| !d.frozen).await;
            let now = *toxics.borrow();
            tokio::time::sleep(now.delay).await;
            if n == 0 {
                return to.shutdown().await;
            }
            if now.dropped == Some(direction) {
                continue;
            }
            match direction {
                Direction::ToServer => {
                    let mut lost_reply = self.lost_reply.lock().unwrap_or_else(PoisonError::into_inner);
                    if lost_reply.springs(&buffer[..n]) {
                        self.doomed.store(true, Ordering::Release);
                    }
                }
                Direction::ToClient if self.doomed.load(Ordering::Acquire) => {
                    self.cut.cancel();
                    return Ok(());
                }
                Direction::ToClient => {}
            }
            to.write_all(&buffer[..n]).await?;
        }
    }
}
