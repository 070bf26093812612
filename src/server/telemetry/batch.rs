//! Lines in one buffer, so that they can be written with few system calls.

/// The maximum number of bytes per write, unless a single line is longer. A pipe accepts this much atomically
/// (`PIPE_BUF`), so that no line of another process with the same standard error ends up in between.
const MAX_GROUP: usize = 4096;

/// The memory that a line uses in addition to its bytes.
const OF_A_LINE: usize = size_of::<usize>();

/// Lines, one after another.
#[derive(Debug, Default)]
pub(super) struct LineBatch {
    bytes: Vec<u8>,
    /// The position at which each line ends.
    ends: Vec<usize>,
}

/// Some of the lines, to be written at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group<'b> {
    /// The position at which they begin in the batch.
    start: usize,
    pub(super) bytes: &'b [u8],
    pub(super) ends: &'b [usize],
}

impl LineBatch {
    /// The memory that a line uses.
    pub(super) fn cost(line: &[u8]) -> usize {
        line.len() + OF_A_LINE
    }

    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All lines, in groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let (mut start, mut ends) = (0, self.ends.as_slice());
        std::iter::from_fn(move || {
            let fitting = ends.partition_point(|end| end - start <= MAX_GROUP);
            let (of_group, rest) = ends.split_at_checked(fitting.max(1))?;
            let end = *of_group.last()?;
            let bytes = &self.bytes[start..end];
            let group = Group {
                start,
                bytes,
                ends: of_group,
            };
            (start, ends) = (end, rest);
            Some(group)
        })
    }
}

impl Group<'_> {
    /// The memory that its lines use.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + self.ends.len() * OF_A_LINE
    }

    /// How many of its lines end after the first `written` bytes.
    pub(super) fn after(&self, written: usize) -> usize {
        let end = self.start + written;
        self.ends.len() - self.ends.partition_point(|of_line| *of_line <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(lengths: &[usize]) -> LineBatch {
        let mut batch = LineBatch::default();
        for length in lengths {
            batch.push(&vec![b'.'; *length]);
        }
        batch
    }

    #[test]
    fn lines_are_grouped_up_to_what_a_pipe_takes_in_one_piece() {
        let batch = batch(&[2000, 2000, 96, 1, 5000, 10, 4096, 1]);
        let groups: Vec<_> = batch
            .groups()
            .map(|group| (group.bytes.len(), group.ends.len()))
            .collect();
        assert_eq!(
            groups,
            [(4096, 3), (1, 1), (5000, 1), (10, 1), (4096, 1), (1, 1)]
        );
        assert_eq!(LineBatch::default().groups().next(), None);
    }

    #[test]
    fn the_cost_of_the_groups_is_that_of_their_lines() {
        let lengths = [2000, 2000, 96, 1, 5000];
        let of_lines: usize = lengths
            .iter()
            .map(|length| LineBatch::cost(&vec![0; *length]))
            .sum();
        let of_groups: usize = batch(&lengths).groups().map(|group| group.cost()).sum();
        assert_eq!(of_groups, of_lines);
    }

    #[test]
    fn a_line_that_was_written_in_part_is_one_of_those_that_were_not() {
        let batch = batch(&[4096, 10, 10, 10]);
        let group = batch.groups().nth(1).unwrap();
        let after = [0, 9, 10, 19, 20, 30].map(|written| group.after(written));
        assert_eq!(after, [3, 3, 2, 2, 1, 0]);
    }
}
