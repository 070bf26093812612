//! Lines that wait for whoever reads them. Nobody who logs waits: a line for which there is no room is lost, and counted.
//!
//! The crate tracing-appender has such a queue. It swallows errors of writing, counts lines and not their bytes, gives a slow
//! reader one second at the end, and says that it gave up on a standard output that may be stuck as well.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Lines, Throttle};

/// How often it is told at most that lines were lost.
const TELL_AGAIN: Duration = Duration::from_secs(1);

/// What a line takes beside its bytes.
const OF_A_LINE: usize = 64;

/// Lines, and the thread that writes them.
#[derive(Debug)]
pub(super) struct Queue {
    entries: Sender<Entry>,
    state: Arc<State>,
}

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// Dropped once everything before it has been written.
    Mark(Sender<()>),
}

#[derive(Debug)]
struct State {
    /// How many bytes may wait.
    most: usize,
    waiting: AtomicUsize,
    lost: AtomicU64,
}

impl State {
    /// Makes room for a line; says whether there is any.
    fn admit(&self, line: &[u8]) -> bool {
        let cost = line.len() + OF_A_LINE;
        let is_admitted = self.waiting.fetch_add(cost, Ordering::Relaxed) + cost <= self.most;
        if !is_admitted {
            self.release(line);
            self.lose();
        }
        is_admitted
    }

    fn release(&self, line: &[u8]) {
        let cost = line.len() + OF_A_LINE;
        self.waiting.fetch_sub(cost, Ordering::Relaxed);
    }

    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Queue {
    /// Starts a thread that writes to `out`, for which so many bytes may wait at most. `tell` is given the number of the lines
    /// that were lost, after a line that was written.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        most: usize,
        tell: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let state = Arc::new(State {
            most,
            waiting: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        });
        let (entries, waiting) = mpsc::channel();
        let writer = Writer {
            lines: Lines::new(out, false),
            state: Arc::clone(&state),
            flows: false,
            told: 0,
            throttle: Throttle::new(TELL_AGAIN),
        };
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.run(&waiting, tell))?;
        Ok(Self { entries, state })
    }

    /// Takes a line, where there is room for it.
    pub(super) fn put(&self, line: Vec<u8>) {
        if self.state.admit(&line) && self.entries.send(Entry::Line(line)).is_err() {
            self.state.lose();
        }
    }

    /// How many lines were lost.
    pub(super) fn lost(&self) -> u64 {
        self.state.lost()
    }

    /// Waits until each line that was taken has been written, or so long. Says whether they were.
    pub(super) fn written_within(&self, longest: Duration) -> bool {
        let (mark, passed) = mpsc::channel();
        let is_taken = self.entries.send(Entry::Mark(mark)).is_ok();
        is_taken && passed.recv_timeout(longest) == Err(RecvTimeoutError::Disconnected)
    }
}

/// The thread that writes.
struct Writer<W> {
    lines: Lines<W>,
    state: Arc<State>,
    /// Whether the last line was written.
    flows: bool,
    /// How many lines were told to be lost.
    told: u64,
    throttle: Throttle,
}

impl<W: Write> Writer<W> {
    fn run(mut self, entries: &Receiver<Entry>, tell: impl Fn(u64)) {
        loop {
            match self.next(entries) {
                Ok(Entry::Line(line)) => self.write(&line),
                Ok(Entry::Mark(passed)) => drop(passed),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.has_to_tell() && self.throttle.is_due(Instant::now()) {
                self.told = self.state.lost();
                tell(self.told);
            }
        }
    }

    fn next(&self, entries: &Receiver<Entry>) -> Result<Entry, RecvTimeoutError> {
        if self.has_to_tell() {
            entries.recv_timeout(TELL_AGAIN)
        } else {
            entries.recv().map_err(|_| RecvTimeoutError::Disconnected)
        }
    }

    fn has_to_tell(&self) -> bool {
        self.flows && self.state.lost() > self.told
    }

    fn write(&mut self, line: &[u8]) {
        self.flows = self.lines.write(line).is_ok();
        self.state.release(line);
        if !self.flows {
            self.state.lose();
        }
    }
}

impl Write for &Queue {
    /// The subscriber writes each line in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{io::ErrorKind, sync::mpsc::SyncSender};

    use super::*;

    /// Longer than any of this takes.
    const LONG: Duration = Duration::from_mins(1);

    /// Gives each line to a reader who has to take it before the next one is written; where there is none, that is an error.
    struct Pipe(SyncSender<String>);

    impl Write for Pipe {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(line).into_owned();
            let sent = self.0.send(text);
            sent.map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A queue with room for so many lines of three bytes, its reader, and what it tells.
    fn queue(lines: usize) -> (Queue, Receiver<String>, Receiver<u64>) {
        let (pipe, reader) = mpsc::sync_channel(0);
        let (told, tells) = mpsc::channel();
        let tell = move |lost| told.send(lost).unwrap();
        let most = lines * (3 + OF_A_LINE);
        (Queue::start(Pipe(pipe), most, tell).unwrap(), reader, tells)
    }

    fn put(queue: &Queue, numbers: std::ops::Range<u32>) {
        for number in numbers {
            queue.put(format!("{number:02}\n").into_bytes());
        }
    }

    #[test]
    fn what_is_taken_is_written_in_its_order() {
        let (queue, reader, _tells) = queue(100);
        put(&queue, 0..100);
        let reading = thread::spawn(move || reader.iter().take(100).collect::<Vec<_>>());
        assert!(queue.written_within(LONG));
        let expected: Vec<_> = (0..100).map(|number| format!("{number:02}\n")).collect();
        assert_eq!(reading.join().unwrap(), expected);
        assert_eq!(queue.lost(), 0);
    }

    #[test]
    fn a_reader_that_has_stopped_costs_lines_and_their_number_is_told_once_it_reads() {
        let (queue, reader, tells) = queue(10);
        put(&queue, 0..30);
        assert_eq!(queue.lost(), 20);
        assert!(!queue.written_within(Duration::ZERO));
        assert!(tells.try_recv().is_err());

        assert_eq!(reader.recv().unwrap(), "00\n");
        assert_eq!(tells.recv_timeout(LONG), Ok(20));
        let rest: Vec<_> = reader.iter().take(9).collect();
        assert_eq!(rest.last().unwrap(), "09\n");
        assert!(queue.written_within(LONG));
    }

    #[test]
    fn what_is_lost_after_it_was_told_is_told_without_another_line() {
        let (queue, reader, tells) = queue(1);
        put(&queue, 0..2);
        assert_eq!(reader.recv().unwrap(), "00\n");
        assert_eq!(tells.recv_timeout(LONG), Ok(1));
        put(&queue, 2..5);
        let lost = queue.lost();
        assert!(lost > 1);
        assert_eq!(reader.recv().unwrap(), "02\n");
        assert_eq!(tells.recv_timeout(LONG), Ok(lost));
    }

    #[test]
    fn a_reader_that_is_gone_costs_lines_which_are_counted() {
        let (queue, reader, tells) = queue(100);
        drop(reader);
        put(&queue, 0..100);
        assert!(queue.written_within(LONG));
        assert_eq!(queue.lost(), 100);
        assert!(tells.try_recv().is_err());
    }

    #[test]
    fn a_line_that_is_longer_than_the_room_for_all_is_lost_alone() {
        let (queue, reader, _tells) = queue(10);
        queue.put(vec![b'.'; 10 * (3 + OF_A_LINE)]);
        assert_eq!(queue.lost(), 1);
        put(&queue, 0..1);
        assert_eq!(reader.recv().unwrap(), "00\n");
        assert_eq!(queue.lost(), 1);
    }
}
