//! Arguments and lines of standard input.

use std::io::{self, BufRead, BufReader, Read};

use super::Failure;
use crate::lines::UniversalLines;

/// The argument itself, or for `-` each line of standard input that is not blank.
pub fn lines(argument: &str) -> Result<Vec<String>, Failure> {
    if argument == "-" { Ok(lines_of(io::stdin().lock())?) } else { Ok(vec![argument.to_owned()]) }
}

fn lines_of(input: impl Read) -> io::Result<Vec<String>> {
    let input = BufReader::new(UniversalLines::new(input));
    input.lines().filter(|line| line.as_ref().map_or(true, |line| !line.trim().is_empty())).collect()
}

/// Calls `act` with each line, blank ones included, as soon as it is read. Invalid UTF-8 becomes U+FFFD.
pub fn each_line(input: impl Read, mut act: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    let mut input = BufReader::new(UniversalLines::new(input));
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        act(&String::from_utf8_lossy(&bytes))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_end_as_on_any_system() {
        for text in ["980\r\r981\r", "980\n\n981", "980\r\n \r\n981\r\n"] {
            assert_eq!(lines_of(text.as_bytes()).unwrap(), ["980", "981"], "{text:?}");
        }
        for text in ["980\r981\r", "980\n981", "980\r\n981\r\n"] {
            let mut found = Vec::new();
            each_line(text.as_bytes(), |line| {
                found.push(line.to_owned());
                Ok(())
            })
            .unwrap();
            assert_eq!(found, ["980", "981"], "{text:?}");
        }
    }
}
