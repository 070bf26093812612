//! Whole lines in a file or a pipe. What was written of a line before the disk was full stays there, and the next line does
//! not run into it.

use std::{
    io::{self, ErrorKind, Write},
    thread,
    time::Duration,
};

/// How long a reader that does not block its writers is left alone until it is asked for room again.
const PAUSE: Duration = Duration::from_millis(10);

/// Writes lines.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    out: W,
    /// Whether a part of a line is the last that was written.
    is_torn: bool,
}

impl<W: Write> Lines<W> {
    /// Writes to `out`; `is_torn` says whether it ends in a part of a line.
    pub(crate) fn new(out: W, is_torn: bool) -> Self {
        Self { out, is_torn }
    }

    /// Writes a line that ends in a line feed, on a line of its own.
    ///
    /// # Errors
    /// Where it could not be written, or in part only.
    pub(crate) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.put(b"\n")?;
            self.is_torn = false;
        }
        self.put(line)?;
        self.is_torn = false;
        self.out.flush()
    }

    fn put(&mut self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.is_torn = true;
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Whoever else has the same standard error may have made it so.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Default)]
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
        refusals: Vec<ErrorKind>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(refusal) = self.refusals.pop() {
                return Err(refusal.into());
            }
            let written = bytes.len().min(self.room);
            if written == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= written;
            self.bytes.extend_from_slice(&bytes[..written]);
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn disk(room: usize) -> Lines<Disk> {
        let disk = Disk {
            room,
            ..Disk::default()
        };
        Lines::new(disk, false)
    }

    fn written(lines: Lines<Disk>) -> String {
        String::from_utf8(lines.out.bytes).unwrap()
    }

    #[test]
    fn a_line_after_one_that_was_written_in_part_begins_anew() {
        let mut lines = disk(8);
        lines.write(b"one\n").unwrap();
        let error = lines.write(b"two two\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(lines.write(b"three\n").is_err());
        lines.out.room = 100;
        lines.write(b"four\n").unwrap();
        lines.write(b"five\n").unwrap();
        assert_eq!(written(lines), "one\ntwo \nfour\nfive\n");
    }

    #[test]
    fn a_line_of_which_nothing_was_written_leaves_no_empty_line() {
        let mut lines = disk(4);
        lines.write(b"one\n").unwrap();
        assert!(lines.write(b"two\n").is_err());
        lines.out.room = 100;
        lines.write(b"three\n").unwrap();
        assert_eq!(written(lines), "one\nthree\n");
    }

    #[test]
    fn a_file_that_ends_within_a_line_is_gone_on_with_on_the_next() {
        let mut lines = Lines::new(
            Disk {
                room: 100,
                ..Disk::default()
            },
            true,
        );
        lines.write(b"one\n").unwrap();
        assert_eq!(written(lines), "\none\n");
    }

    #[test]
    fn an_interruption_or_a_reader_that_is_not_there_yet_costs_no_line() {
        let mut lines = disk(100);
        lines.out.refusals = vec![ErrorKind::Interrupted, ErrorKind::WouldBlock];
        lines.write(b"one\n").unwrap();
        assert_eq!(written(lines), "one\n");
    }
}
