//! Writes whole lines to a file or a pipe. If the disk fills up in the middle of a line, its written part stays there,
//! but the next line starts on a new line.

use std::{
    io::{self, ErrorKind, Write},
    thread,
    time::Duration,
};

/// The pause before the next write to a non-blocking pipe that is full.
const PAUSE: Duration = Duration::from_millis(10);

/// Writes lines.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    out: W,
    /// Whether the last write ended within a line.
    is_torn: bool,
}

impl<W: Write> Lines<W> {
    /// Writes to `out`; `is_torn` says whether its existing content ends within a line.
    pub(crate) fn new(out: W, is_torn: bool) -> Self {
        Self { out, is_torn }
    }

    /// Writes lines, each of which ends with a line feed; the first one starts on a new line. Returns how many of their
    /// bytes were written, and the error if some were not.
    pub(crate) fn write(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        if self.is_torn {
            match self.put(b"\n") {
                (_, Ok(())) => self.is_torn = false,
                (_, torn) => return (0, torn),
            }
        }
        let (written, result) = self.put(lines);
        if let Some(last) = lines[..written].last() {
            self.is_torn = *last != b'\n';
        }
        (written, result)
    }

    fn put(&mut self, bytes: &[u8]) -> (usize, io::Result<()>) {
        let mut done = 0;
        while done < bytes.len() {
            match self.out.write(&bytes[done..]) {
                Ok(0) => return (done, Err(ErrorKind::WriteZero.into())),
                Ok(written) => done += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Another process that shares standard error may have made it non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(error) => return (done, Err(error)),
            }
        }
        (done, self.out.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for a limited number of bytes.
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

    fn written_by(lines: Lines<Disk>) -> String {
        String::from_utf8(lines.out.bytes).unwrap()
    }

    #[test]
    fn a_line_after_one_that_was_written_in_part_begins_anew() {
        let mut lines = disk(8);
        assert!(lines.write(b"one\n").1.is_ok());
        let (written, result) = lines.write(b"two two\n");
        assert_eq!(
            (written, result.unwrap_err().kind()),
            (4, ErrorKind::StorageFull)
        );
        assert!(lines.write(b"three\n").1.is_err());
        lines.out.room = 100;
        assert!(lines.write(b"four\n").1.is_ok());
        assert!(lines.write(b"five\n").1.is_ok());
        assert_eq!(written_by(lines), "one\ntwo \nfour\nfive\n");
    }

    #[test]
    fn what_was_written_of_several_lines_to_the_end_of_one_leaves_no_empty_line() {
        let mut lines = disk(8);
        assert_eq!(lines.write(b"one\ntwo\nthree\n").0, 8);
        assert!(lines.write(b"four\n").1.is_err());
        lines.out.room = 100;
        assert!(lines.write(b"five\n").1.is_ok());
        assert_eq!(written_by(lines), "one\ntwo\nfive\n");
    }

    #[test]
    fn a_file_that_ends_within_a_line_is_gone_on_with_on_the_next() {
        let disk = Disk {
            room: 100,
            ..Disk::default()
        };
        let mut lines = Lines::new(disk, true);
        assert_eq!(lines.write(b"one\n").0, 4);
        assert_eq!(written_by(lines), "\none\n");
    }

    #[test]
    fn an_interruption_or_a_reader_that_is_not_there_yet_costs_no_line() {
        let mut lines = disk(100);
        lines.out.refusals = vec![ErrorKind::Interrupted, ErrorKind::WouldBlock];
        assert!(lines.write(b"one\n").1.is_ok());
        assert_eq!(written_by(lines), "one\n");
    }
}
