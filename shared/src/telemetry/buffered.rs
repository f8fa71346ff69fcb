//! A buffered log writer. It collects lines for a few milliseconds, so that one system call writes hundreds of them.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

/// Time from the first waiting line to the write.
const DELAY: Duration = Duration::from_millis(5);
/// Bytes that may wait. A thread that logs more waits for the writer.
const CAPACITY: usize = 4 * 1024 * 1024;

#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    /// The writer has stopped. Each line is written directly.
    closed: bool,
}

#[derive(Default)]
struct Buffer {
    lines: Mutex<Lines>,
    /// Signals the first waiting line, or that the buffer was closed.
    some: Condvar,
    /// Signals that the waiting lines were taken.
    room: Condvar,
}

impl Buffer {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        // The buffer holds whole lines even after a panic.
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

    /// Writes lines until the buffer is closed and empty.
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
            // A failure of the log cannot be logged.
            let _ = out.write_all(&batch);
            batch.clear();
        }
    }
}

/// Expects one whole line per call of `write`.
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

/// Writes the waiting lines when it is dropped. Later lines are written directly.
#[must_use = "lines that still wait when the program ends are lost"]
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
            // Err: the writer panicked.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts calls and keeps the written bytes.
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
    fn a_single_line_is_written_without_waiting_for_another() {
        let sink = Sink::default();
        let (mut lines, _flush) = start(sink.clone()).unwrap();
        lines.write_all(b"alone\n").unwrap();
        while sink.0.lock().unwrap().1.is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(sink.0.lock().unwrap().1, b"alone\n");
    }

    #[test]
    fn a_thread_that_logs_faster_than_the_writer_waits() {
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
