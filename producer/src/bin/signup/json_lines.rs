//! JSON lines, each bounded: a file without line breaks must not fill the memory.

use std::io::BufRead;

use producer::cli::{Length, next_line};

use crate::line::{BadLine, Line, Sink, of_json};

/// Sends every line that is not blank. Returns at the end of the input, or when the receiver is gone.
pub(crate) fn read(mut reader: impl BufRead, sink: &Sink) {
    let mut text = Vec::new();
    for number in 1.. {
        let entry = match next_line(&mut reader, &mut text) {
            Ok(Length::End) => return,
            Ok(Length::Fits) if text.trim_ascii().is_empty() => continue,
            Ok(Length::Fits) => of_json(without_bom(&text, number)),
            Ok(Length::TooLong) => Err(BadLine::TooLong),
            Err(error) => {
                // Err: the receiver is gone, and reading ends anyway.
                let entry = Err(BadLine::Unreadable(format!("the input cannot be read: {error}")));
                let _ = sink.blocking_send(Line { number: Some(number), entry });
                return;
            }
        };
        if sink.blocking_send(Line { number: Some(number), entry }).is_err() {
            return;
        }
    }
}

fn without_bom(text: &[u8], number: u64) -> &[u8] {
    if number == 1 { text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(text) } else { text }
}

#[cfg(test)]
mod tests {
    use std::io;

    use producer::cli::LONGEST_RECORD;
    use tokio::sync::mpsc;

    use super::*;
    use crate::line::Entry;

    fn lines(text: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let (sink, mut lines) = mpsc::channel(100);
        // A tiny buffer: every line comes in several chunks.
        read(io::BufReader::with_capacity(7, text), &sink);
        drop(sink);
        let mut read = Vec::new();
        while let Ok(line) = lines.try_recv() {
            let user = line.entry.map(user_of).map_err(|e| e.to_string());
            read.push((line.number.unwrap(), user));
        }
        read
    }

    fn user_of(entry: Entry) -> String {
        match entry {
            Entry::Signup(signup) => signup.user_id.to_string(),
            Entry::Event { id, .. } => panic!("a full event, {id}"),
        }
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_skipped() {
        let read =
            lines(b"\xEF\xBB\xBF{\"user_id\":1}\n\n  \r\n{\"user_id\":2}\r\nnonsense\n{\"user_id\":3}");
        let good: Vec<_> = read.iter().filter_map(|(n, s)| Some((*n, s.as_deref().ok()?))).collect();
        assert_eq!(good, [(1, "1"), (4, "2"), (6, "3")]);
        assert_eq!(read.len(), 4);
        assert!(lines(b"").is_empty() && lines(b"\n\n").is_empty());
    }

    #[test]
    fn a_long_line_is_skipped() {
        let mut text = vec![b'x'; 3 * LONGEST_RECORD];
        text.extend_from_slice(b"\n{\"user_id\":2}\n");
        let read = lines(&text);
        assert!(read[0].1.as_ref().unwrap_err().contains("longer than"));
        assert_eq!(read[1], (2, Ok("2".into())));
    }
}
