//! The queue of lines that wait to be written. Logging never blocks: a line that does not fit is dropped and counted.
//!
//! The crate tracing-appender has such a queue, too. But it swallows write errors, limits the number of lines instead
//! of their bytes, wakes its thread and makes a system call for each line, waits only one second for a slow reader at
//! the end, and reports giving up on a standard output that may be blocked as well.

use std::{
    io::{self, Write},
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Lines, Throttle, batch::LineBatch};

/// How long lines are collected after a write. The first line after a pause is written immediately.
const GATHER: Duration = Duration::from_millis(10);

/// The minimum interval between two reports of lost lines.
const TELL_AGAIN: Duration = Duration::from_secs(1);

/// The queue, and the thread that writes its lines.
#[derive(Debug)]
pub(super) struct LineQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// How many bytes may wait.
    most: usize,
    lost: AtomicU64,
    waiting: Mutex<QueuedLines>,
    /// Signals that the writer thread has something to do.
    wake: Condvar,
    /// Signals that lines have been written or lost.
    passed: Condvar,
}

#[derive(Debug, Default)]
struct QueuedLines {
    lines: LineBatch,
    /// The memory used by the waiting lines and by those that are being written.
    bytes: usize,
    /// How many lines were accepted since the start, and how many of them were written or lost.
    taken: u64,
    passed: u64,
    /// Whether the writer thread has to be woken.
    is_asleep: bool,
    /// Whether somebody is waiting for the lines to be written.
    is_urgent: bool,
    /// Whether no more lines will come.
    is_closed: bool,
}

impl LineQueue {
    /// Starts a thread that writes to `out`. At most `most` bytes may wait. After a successful write, `tell` is called
    /// with the number of lines that were lost.
    ///
    /// # Errors
    /// If the system cannot start a thread.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        most: usize,
        tell: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            most,
            lost: AtomicU64::new(0),
            waiting: Mutex::default(),
            wake: Condvar::new(),
            passed: Condvar::new(),
        });
        let writer = QueueWriter {
            lines: Lines::new(out, false),
            shared: Arc::clone(&shared),
            flows: false,
            last: None,
            reported: 0,
            throttle: Throttle::new(TELL_AGAIN),
        };
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || writer.run(tell))?;
        Ok(Self(shared))
    }

    /// Accepts a line if there is room for it.
    pub(super) fn put(&self, line: &[u8]) {
        let mut waiting = self.0.waiting();
        let bytes = waiting.bytes + LineBatch::cost(line);
        if bytes > self.0.most {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes = bytes;
        waiting.taken += 1;
        waiting.lines.push(line);
        if mem::take(&mut waiting.is_asleep) {
            drop(waiting);
            self.0.wake.notify_one();
        }
    }

    /// How many lines were lost.
    pub(super) fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Waits until each accepted line has been written, but at most `longest`. Returns whether none is left.
    pub(super) fn written_within(&self, longest: Duration) -> bool {
        let mut waiting = self.0.waiting();
        waiting.is_urgent = true;
        self.0.wake.notify_one();
        let last = waiting.taken;
        let waited = self
            .0
            .passed
            .wait_timeout_while(waiting, longest, |waiting| waiting.passed < last);
        let (waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.passed >= last
    }
}

impl Drop for LineQueue {
    fn drop(&mut self) {
        self.0.waiting().is_closed = true;
        self.0.wake.notify_one();
    }
}

impl Write for &LineQueue {
    /// The subscriber writes each line with a single call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, QueuedLines> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The waiting lines, once there are some and they have been collected for a while since `last`. The batch is empty
    /// if none arrives within `longest`; `None` means that no more lines will come.
    fn next(&self, last: Option<Instant>, longest: Option<Duration>) -> Option<LineBatch> {
        let mut waiting = self.waiting();
        while waiting.lines.is_empty() && !waiting.is_closed {
            waiting.is_asleep = true;
            let Some(longest) = longest else {
                let woken = self.wake.wait(waiting);
                waiting = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let woken = self.wake.wait_timeout(waiting, longest);
            let (woken, result) = woken.unwrap_or_else(PoisonError::into_inner);
            waiting = woken;
            if result.timed_out() {
                break;
            }
        }
        waiting.is_asleep = false;
        if waiting.lines.is_empty() {
            return (!waiting.is_closed).then(LineBatch::default);
        }
        let may_wait = |waiting: &mut QueuedLines| !waiting.is_urgent && !waiting.is_closed;
        let gather = last.map_or(Duration::ZERO, |last| GATHER.saturating_sub(last.elapsed()));
        let gathered = self.wake.wait_timeout_while(waiting, gather, may_wait);
        let (mut waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        waiting.is_urgent = false;
        Some(mem::take(&mut waiting.lines))
    }

    /// Records that these lines no longer wait.
    fn pass(&self, lines: usize, bytes: usize) {
        let mut waiting = self.waiting();
        waiting.passed += lines as u64;
        waiting.bytes -= bytes;
        drop(waiting);
        self.passed.notify_all();
    }
}

/// The thread that writes.
struct QueueWriter<W> {
    lines: Lines<W>,
    shared: Arc<Shared>,
    /// Whether the last lines were written.
    flows: bool,
    /// When the last write began.
    last: Option<Instant>,
    /// How many lost lines have been reported.
    reported: u64,
    throttle: Throttle,
}

impl<W: Write> QueueWriter<W> {
    fn run(mut self, tell: impl Fn(u64)) {
        loop {
            let longest = self.has_to_tell().then_some(TELL_AGAIN);
            let Some(batch) = self.shared.next(self.last, longest) else {
                return;
            };
            self.last = Some(Instant::now());
            for group in batch.groups() {
                let (written, result) = self.lines.write(group.bytes);
                self.flows = result.is_ok();
                let lost = if self.flows { 0 } else { group.after(written) };
                self.shared.lost.fetch_add(lost as u64, Ordering::Relaxed);
                self.shared.pass(group.ends.len(), group.cost());
            }
            if self.has_to_tell() && self.throttle.is_due(Instant::now()) {
                self.reported = self.lost();
                tell(self.reported);
            }
        }
    }

    fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    fn has_to_tell(&self) -> bool {
        self.flows && self.lost() > self.reported
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::ErrorKind,
        sync::mpsc::{self, Receiver, SyncSender},
    };

    use super::*;

    /// Longer than anything here takes.
    const LONG: Duration = Duration::from_mins(1);

    /// The length of a line that fills a group of its own.
    const LINE: usize = 4_000;

    /// Blocks until the reader has taken each piece. Without a reader, writing fails.
    struct Pipe(SyncSender<String>);

    impl Write for Pipe {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(piece).into_owned();
            let sent = self.0.send(text);
            sent.map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A queue with room for this many long lines, its reader, and its reports of lost lines.
    fn queue(lines: usize) -> (LineQueue, Receiver<String>, Receiver<u64>) {
        let (pipe, reader) = mpsc::sync_channel(0);
        let (told, tells) = mpsc::channel();
        let tell = move |lost| told.send(lost).unwrap();
        let most = lines * LineBatch::cost(&line(0));
        (
            LineQueue::start(Pipe(pipe), most, tell).unwrap(),
            reader,
            tells,
        )
    }

    fn line(number: u32) -> Vec<u8> {
        format!("{number:>width$}\n", width = LINE - 1).into_bytes()
    }

    fn put(queue: &LineQueue, numbers: std::ops::Range<u32>) {
        numbers.for_each(|number| queue.put(&line(number)));
    }

    /// The number of the next line that is read.
    fn read(reader: &Receiver<String>) -> u32 {
        reader.recv_timeout(LONG).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn what_is_taken_is_written_in_its_order() {
        let (queue, reader, _tells) = queue(100);
        let reading = thread::spawn(move || (0..100).map(|_| read(&reader)).collect::<Vec<_>>());
        put(&queue, 0..100);
        assert!(queue.written_within(LONG));
        assert_eq!(reading.join().unwrap(), (0..100).collect::<Vec<_>>());
        assert_eq!(queue.lost(), 0);
    }

    #[test]
    fn short_lines_are_written_together() {
        let (queue, reader, _tells) = queue(100);
        let reading = thread::spawn(move || reader.iter().collect::<Vec<_>>());
        for _ in 0..1_000 {
            queue.put(b"0123456789\n");
        }
        assert!(queue.written_within(LONG));
        drop(queue);
        let pieces = reading.join().unwrap();
        assert!(pieces.len() < 100, "{}", pieces.len());
        assert!(pieces.iter().all(|piece| piece.ends_with('\n')));
        assert_eq!(pieces.concat().lines().count(), 1_000);
    }

    #[test]
    fn a_reader_that_has_stopped_costs_lines_and_their_number_is_told_once_it_reads() {
        let (queue, reader, tells) = queue(10);
        put(&queue, 0..30);
        assert_eq!(queue.lost(), 20);
        assert!(!queue.written_within(Duration::ZERO));
        assert!(tells.try_recv().is_err());

        let numbers: Vec<_> = (0..10).map(|_| read(&reader)).collect();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        assert_eq!(tells.recv_timeout(LONG), Ok(20));
        assert!(queue.written_within(LONG));
    }

    #[test]
    fn what_is_lost_after_it_was_told_is_told_without_another_line() {
        let (queue, reader, tells) = queue(1);
        put(&queue, 0..2);
        assert_eq!(read(&reader), 0);
        assert_eq!(tells.recv_timeout(LONG), Ok(1));
        assert!(queue.written_within(LONG));
        put(&queue, 2..5);
        assert_eq!(read(&reader), 2);
        assert_eq!(tells.recv_timeout(LONG), Ok(3));
    }

    #[test]
    fn a_reader_that_is_gone_costs_lines_which_are_counted() {
        let (queue, reader, tells) = queue(100);
        drop(reader);
        put(&queue, 0..50);
        for _ in 0..50 {
            queue.put(b"short\n");
        }
        assert!(queue.written_within(LONG));
        assert_eq!(queue.lost(), 100);
        assert!(tells.try_recv().is_err());
    }

    #[test]
    fn a_line_that_is_longer_than_the_room_for_all_is_lost_alone() {
        let (queue, reader, _tells) = queue(2);
        queue.put(&[b'.'; 3 * LINE]);
        assert_eq!(queue.lost(), 1);
        put(&queue, 0..1);
        assert_eq!(read(&reader), 0);
        assert_eq!(queue.lost(), 1);
    }
}
