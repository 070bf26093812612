//! A scanner that passes a JSON text once. It checks the grammar (RFC 8259) and records where the values are and which of
//! them cannot be encoded.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::{
    places::{MAX_DEPTH, Node, Places, REPEATED, Unencodable},
    string,
};

/// A number of at most this many bytes, without an exponent, cannot exceed the range of a double.
const SAFE_DIGITS: usize = 300;

/// The number of objects under the repeating key that are kept for comparison: the first ones that differ.
const MAX_REPEATABLE: usize = 16;

/// An estimate of the bytes for each node; the node count derived from it is rarely too small.
const BYTES_A_NODE: usize = 16;

/// Why a scan failed.
pub(super) enum Unplaced {
    /// The text is not JSON, or longer than a 32-bit position can express.
    NoJson,
    /// There is no memory for the nodes.
    NoRoom,
}

/// Reserves this number of bytes for nodes; returns `false` if they are not available.
pub(super) type Reserve<'r> = &'r mut dyn FnMut(usize) -> bool;

/// Finds all values in a text, see [`super::Document::read_within`].
pub(super) fn places<'t>(
    text: &'t str,
    repeating: Option<&'t str>,
    reserve: Reserve<'_>,
) -> Result<Places, Unplaced> {
    u32::try_from(text.len()).map_err(|_| Unplaced::NoJson)?;
    let mut scan = Scan {
        text: text.as_bytes(),
        open: Vec::with_capacity(16),
        repeating: Repeating {
            key: repeating.map(str::as_bytes),
            depth: usize::MAX,
            nodes: Vec::new(),
        },
        places: Places::EMPTY,
        reserve,
        has_memory: true,
    };
    let walked = scan.reserve(text.len() / BYTES_A_NODE + 1);
    if walked.and_then(|()| scan.walk()).is_some() {
        return Ok(scan.places);
    }
    Err(if scan.has_memory {
        Unplaced::NoJson
    } else {
        Unplaced::NoRoom
    })
}

struct Scan<'t, 'r> {
    text: &'t [u8],
    /// The containers around the current position, outermost first.
    open: Vec<Container>,
    repeating: Repeating<'t>,
    places: Places,
    reserve: Reserve<'r>,
    has_memory: bool,
}

#[derive(Clone, Copy)]
struct Container {
    node: u32,
    is_object: bool,
}

/// Narrows a position in the text, or a number of nodes, which never exceeds the number of bytes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a text is at most u32::MAX bytes long"
)]
fn place(at: usize) -> u32 {
    at as u32
}

impl Scan<'_, '_> {
    fn walk(&mut self) -> Option<()> {
        let mut at = self.blank(0);
        loop {
            at = self.value(at)?;
            if self.open.is_empty() {
                break;
            }
        }
        (self.blank(at) == self.text.len()).then_some(())
    }

    /// Passes a value, or the opening bracket of a container, and returns where the next value begins. It returns the
    /// position only, not the byte there: the position fits into a register, and reading the byte again is cheap.
    fn value(&mut self, start: usize) -> Option<usize> {
        let end = match *self.text.get(start)? {
            b'"' => self.string(start)?,
            b'{' => match self.repeated(start) {
                Some(end) => end,
                None if self.open.len() == MAX_DEPTH => self.too_deep(start)?,
                None => return self.opened(start, true),
            },
            b'[' if self.open.len() == MAX_DEPTH => self.too_deep(start)?,
            b'[' => return self.opened(start, false),
            b'-' | b'0'..=b'9' => self.number(start)?,
            b't' => self.word(start, b"true")?,
            b'f' => self.word(start, b"false")?,
            b'n' => self.word(start, b"null")?,
            _ => return None,
        };
        self.after(end)
    }

    /// Given the end of a value, returns where the next one begins.
    #[expect(
        clippy::inline_always,
        reason = "the walk is one loop: a call for each value takes longer than most values"
    )]
    #[inline(always)]
    fn after(&mut self, mut at: usize) -> Option<usize> {
        while let Some(container) = self.open.last() {
            at = self.blank(at);
            match (*self.text.get(at)?, container.is_object) {
                (b',', true) => return self.key(at + 1),
                (b',', false) => return Some(self.blank(at + 1)),
                (b'}', true) | (b']', false) => at = self.close(at),
                _ => return None,
            }
        }
        Some(at)
    }

    fn opened(&mut self, start: usize, is_object: bool) -> Option<usize> {
        let node = place(self.places.nodes.len());
        self.open.push(Container { node, is_object });
        self.leaf(start, start)?;
        let at = self.blank(start + 1);
        match (*self.text.get(at)?, is_object) {
            (b'}', true) | (b']', false) => {
                let end = self.close(at);
                self.after(end)
            }
            (_, true) => self.key(at),
            (_, false) => Some(at),
        }
    }

    /// Passes a container that is nested too deep. Its content is checked but not recorded, because nobody will read it.
    #[cold]
    fn too_deep(&mut self, start: usize) -> Option<usize> {
        self.flaw(start, Unencodable::TooDeep);
        let mut rest = Deserializer::from_slice(&self.text[start..]).into_iter::<IgnoredAny>();
        rest.next()?.ok()?;
        let end = start + rest.byte_offset();
        self.leaf(start, end)?;
        Some(end)
    }

    /// Closes the innermost container, whose closing bracket is at `at`.
    fn close(&mut self, at: usize) -> usize {
        let next = place(self.places.nodes.len());
        if let Some(container) = self.open.pop() {
            let node = &mut self.places.nodes[container.node as usize];
            node.end = place(at + 1);
            node.next = next;
        }
        at + 1
    }

    /// Passes a key and its colon, and returns where the value begins.
    #[inline]
    fn key(&mut self, at: usize) -> Option<usize> {
        let start = self.blank(at);
        if self.text.get(start) != Some(&b'"') {
            return None;
        }
        let end = self.string(start)?;
        let colon = self.blank(end);
        (self.text.get(colon) == Some(&b':')).then(|| self.blank(colon + 1))
    }

    #[expect(
        clippy::inline_always,
        reason = "the walk is one loop: a call for each value takes longer than most values"
    )]
    #[inline(always)]
    fn string(&mut self, start: usize) -> Option<usize> {
        let end = match string::plain(self.text, start + 1) {
            Some(end) => end,
            None => self.escaped(start)?,
        };
        self.leaf(start, end)?;
        Some(end)
    }

    /// Passes a string with escapes. If a colon follows, it is a key.
    #[cold]
    fn escaped(&mut self, start: usize) -> Option<usize> {
        let string = string::escaped(self.text, start + 1)?;
        self.places.has_escapes = true;
        if string.has_lone_surrogate {
            self.flaw(start, Unencodable::LoneSurrogate);
        }
        let colon = self.blank(string.end);
        self.places.has_escaped_keys |= self.text.get(colon) == Some(&b':');
        Some(string.end)
    }

    fn number(&mut self, start: usize) -> Option<usize> {
        let mut at = start + usize::from(self.text[start] == b'-');
        at = match self.text.get(at)? {
            b'0' => at + 1,
            _ => self.digits(at)?,
        };
        if self.text.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        let mut is_suspicious = at - start > SAFE_DIGITS;
        if let Some(b'e' | b'E') = self.text.get(at) {
            is_suspicious = true;
            at = match self.text.get(at + 1)? {
                b'+' | b'-' => self.digits(at + 2)?,
                _ => self.digits(at + 1)?,
            };
        }
        if is_suspicious {
            let number = std::str::from_utf8(&self.text[start..at]).ok()?;
            if number.parse::<f64>().is_ok_and(f64::is_infinite) {
                self.flaw(start, Unencodable::NumberOutOfRange);
            }
        }
        self.leaf(start, at)?;
        Some(at)
    }

    /// Passes at least one digit.
    fn digits(&self, start: usize) -> Option<usize> {
        let mut at = start;
        while let Some(b'0'..=b'9') = self.text.get(at) {
            at += 1;
        }
        (at > start).then_some(at)
    }

    fn word(&mut self, start: usize, word: &[u8]) -> Option<usize> {
        let end = start + word.len();
        if self.text.get(start..end)? != word {
            return None;
        }
        self.leaf(start, end)?;
        Some(end)
    }

    /// The position of the next byte that is not white space, or the end of the text.
    fn blank(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(at) {
            at += 1;
        }
        at
    }

    fn leaf(&mut self, start: usize, end: usize) -> Option<()> {
        let next = place(self.places.nodes.len() + 1);
        let (start, end) = (place(start), place(end));
        self.note(Node { start, end, next })
    }

    /// Records a node; `None` if there is no memory for it. `make_room` does not take the node as an argument: the node
    /// would then be assembled in memory, and loading it from there took a third of the scan's time.
    #[expect(
        clippy::inline_always,
        reason = "the walk is one loop: a call for each value takes longer than most values"
    )]
    #[inline(always)]
    fn note(&mut self, node: Node) -> Option<()> {
        if self.places.nodes.len() == self.places.nodes.capacity() {
            self.make_room()?;
        }
        self.places.nodes.push(node);
        Some(())
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) -> Option<()> {
        self.reserve(self.places.nodes.len() / 2 + 1)
    }

    /// Reserves memory for this number of additional nodes; `None` if it is not available.
    fn reserve(&mut self, more: usize) -> Option<()> {
        self.has_memory = (self.reserve)(more * size_of::<Node>());
        if self.has_memory {
            self.places.nodes.reserve_exact(more);
        }
        self.has_memory.then_some(())
    }

    #[cold]
    fn flaw(&mut self, at: usize, flaw: Unencodable) {
        self.places.flaws.push((place(at), flaw));
    }

    /// Passes an object under the repeating key that equals an earlier one, and returns its end. An object with a value that
    /// cannot be encoded is scanned each time, so that every copy is reported.
    fn repeated(&mut self, start: usize) -> Option<usize> {
        let (repeating, key) = (self.repeating.key?, self.places.nodes.last()?);
        match self.text.get(key.start as usize..key.end as usize)? {
            [b'"', key @ .., b'"'] if key == repeating => {}
            _ => return None,
        }
        let rest = &self.text[start..];
        let is_same = |known: &&u32| {
            let node = self.places.nodes[**known as usize];
            rest.starts_with(&self.text[node.start as usize..node.end as usize])
                && self.places.flaw(node.start, node.end).is_none()
        };
        let known = self.repeating.of(self.open.len())?.iter().find(is_same);
        let next = place(self.places.nodes.len());
        let Some(known) = known.copied() else {
            if self.repeating.nodes.len() < MAX_REPEATABLE {
                self.repeating.nodes.push(next);
            }
            return None;
        };
        let node = self.places.nodes[known as usize];
        self.note(Node {
            start: known,
            end: REPEATED,
            next: next + 1,
        })?;
        Some(start + (node.end - node.start) as usize)
    }
}

/// The objects under the repeating key at the smallest depth. Deeper objects may have a key of the same name by chance.
struct Repeating<'t> {
    /// The key without its quotes, if any.
    key: Option<&'t [u8]>,
    depth: usize,
    nodes: Vec<u32>,
}

impl Repeating<'_> {
    /// The nodes that a value at this depth may repeat; `None` if there are some at a smaller depth.
    fn of(&mut self, depth: usize) -> Option<&[u32]> {
        if depth > self.depth {
            return None;
        }
        if depth < self.depth {
            self.depth = depth;
            self.nodes.clear();
        }
        Some(&self.nodes)
    }
}
