//! Log lines gathered for some milliseconds and written together: a system call for hundreds of lines, not for each.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

/// For so long lines gather after the first one.
const DELAY: Duration = Duration::from_millis(5);
/// Bytes that may wait; whoever logs more waits for the thread that writes.
const CAPACITY: usize = 4 * 1024 * 1024;

#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    /// Nobody writes any more but whoever logs.
    closed: bool,
}

#[derive(Default)]
struct Buffer {
    lines: Mutex<Lines>,
    /// The first line came, or the buffer was closed.
    some: Condvar,
    /// Everything that waited is written.
    room: Condvar,
}

impl Buffer {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        // A panic while holding it leaves whole lines behind.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) -> io::Result<()> {
        let full = |lines: &mut Lines| lines.waiting.len() >= CAPACITY && !lines.closed;
        let mut lines = self.room.wait_while(self.lines(), full).unwrap_or_else(PoisonError::into_inner);
        if lines.closed {
            return io::stderr().write_all(line);
        }
        if lines.waiting.is_empty() {
            self.some.notify_one();
        }
        lines.waiting.extend_from_slice(line);
        Ok(())
    }

    /// Writes until the buffer is closed and empty.
    fn write(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        loop {
            let idle = |lines: &mut Lines| lines.waiting.is_empty() && !lines.closed;
            let lines = self.some.wait_while(self.lines(), idle).unwrap_or_else(PoisonError::into_inner);
            if !lines.closed {
                drop(lines);
                std::thread::sleep(DELAY);
            } else if lines.waiting.is_empty() {
                return;
            } else {
                drop(lines);
            }
            std::mem::swap(&mut batch, &mut self.lines().waiting);
            self.room.notify_all();
            // Nobody is left to tell of a log that cannot be written.
            let _ = out.write_all(&batch);
            batch.clear();
        }
    }
}

/// Takes one whole line per call of `write`.
#[derive(Clone)]
pub(super) struct BufferedWriter(Arc<Buffer>);

impl Write for BufferedWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what waits when dropped; later lines are written as they come.
#[must_use = "lines are lost that are not written before the program ends"]
pub struct Flush {
    buffer: Arc<Buffer>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread that writes to `out`.
pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(BufferedWriter, Flush)> {
    let buffer = Arc::<Buffer>::default();
    let theirs = buffer.clone();
    let thread = std::thread::Builder::new().name("log".into()).spawn(move || theirs.write(out))?;
    Ok((BufferedWriter(buffer.clone()), Flush { buffer, thread: Some(thread) }))
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.buffer.lines().closed = true;
        self.buffer.some.notify_all();
        self.buffer.room.notify_all();
        if let Some(thread) = self.thread.take() {
            // Err: it panicked; there is nothing more to write.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts calls and keeps what was written.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut sink = self.0.lock().unwrap();
            sink.0 += 1;
            sink.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_whole_and_in_order() {
        let sink = Sink::default();
        let (mut lines, flush) = start(sink.clone()).unwrap();
        for n in 0..10_000 {
            lines.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        drop(flush);
        let (calls, written) = sink.0.lock().unwrap().clone();
        let expected: Vec<u8> = (0..10_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        assert!(written == expected, "{} bytes", written.len());
        assert!(calls < 10_000, "{calls} calls");
    }

    #[test]
    fn a_single_line_is_written_soon_without_another() {
        let sink = Sink::default();
        let (mut lines, _flush) = start(sink.clone()).unwrap();
        lines.write_all(b"alone\n").unwrap();
        while sink.0.lock().unwrap().1.is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(sink.0.lock().unwrap().1, b"alone\n");
    }

    #[test]
    fn whoever_logs_faster_than_it_is_written_waits() {
        struct Slow(Sink);
        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                std::thread::sleep(Duration::from_millis(10));
                self.0.write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let sink = Sink::default();
        let (mut lines, flush) = start(Slow(sink.clone())).unwrap();
        let line = vec![b'x'; CAPACITY / 4];
        for _ in 0..20 {
            lines.write_all(&line).unwrap();
            assert!(lines.0.lines().waiting.len() <= CAPACITY + line.len());
        }
        drop(flush);
        assert_eq!(sink.0.lock().unwrap().1.len(), 20 * line.len());
    }
}
