//! The active values of a picklist, in one text.

use std::ops::Range;

/// The active values of a picklist, with their labels.
#[derive(Debug)]
pub struct Picklist {
    /// All values and labels, one after the other.
    text: Box<str>,
    /// In the order of the values.
    entries: Box<[Entry]>,
    /// The entries in the order of their labels; empty if each label equals its value.
    by_label: Box<[u32]>,
}

/// Where a value and its label are in the text. A label that equals its value is empty.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    label: u32,
    end: u32,
}

/// A value, and its label where it differs.
pub(super) struct PicklistValue {
    pub(super) value: Box<str>,
    pub(super) label: Option<Box<str>>,
}

impl Picklist {
    /// The picklist of these values; `None` if there are none, or more than 4 GiB of them.
    pub(super) fn of(mut values: Vec<PicklistValue>) -> Option<Self> {
        values.sort_by(|one, other| one.value.cmp(&other.value));
        let (mut text, mut entries) = (String::new(), Vec::with_capacity(values.len()));
        for PicklistValue { value, label } in &values {
            let start = u32::try_from(text.len()).ok()?;
            text.push_str(value);
            let at = u32::try_from(text.len()).ok()?;
            text.push_str(label.as_deref().unwrap_or_default());
            let end = u32::try_from(text.len()).ok()?;
            entries.push(Entry {
                start,
                label: at,
                end,
            });
        }
        let mut picklist = Self {
            text: text.into(),
            entries: entries.into(),
            by_label: Box::default(),
        };
        if values.iter().any(|value| value.label.is_some()) {
            let mut by_label: Vec<u32> = (0..u32::try_from(values.len()).ok()?).collect();
            by_label.sort_by_key(|index| picklist.label(*index as usize));
            picklist.by_label = by_label.into();
        }
        (!values.is_empty()).then_some(picklist)
    }

    /// The memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.text.len()
            + size_of_val(&*self.entries)
            + size_of_val(&*self.by_label)
    }

    /// Whether this is exactly one of its values.
    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        let found = self
            .entries
            .binary_search_by(|entry| self.value_of(entry).cmp(value));
        found.is_ok()
    }

    /// Whether this is exactly one of its labels.
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        if self.by_label.is_empty() {
            return self.contains(label);
        }
        let found = self
            .by_label
            .binary_search_by(|index| self.label(*index as usize).cmp(label));
        found.is_ok()
    }

    /// The value that is meant: the same without letter case, otherwise the one with this label. `None` if there is none, or
    /// more than one.
    #[must_use]
    pub fn meant(&self, text: &str) -> Option<&str> {
        self.code(text).or_else(|| {
            let exact = only(self.all().filter(|(_, label)| *label == text));
            exact.or_else(|| only(self.all().filter(|(_, label)| is_same(label, text))))
        })
    }

    /// The value that is this one without letter case; `None` if there is none, or more than one.
    #[must_use]
    pub fn code(&self, text: &str) -> Option<&str> {
        if self.contains(text) {
            return self
                .all()
                .map(|(value, _)| value)
                .find(|value| *value == text);
        }
        only(self.all().filter(|(value, _)| is_same(value, text)))
    }

    /// The label that is this one without letter case; `None` if there is none.
    #[must_use]
    pub fn label_of(&self, text: &str) -> Option<&str> {
        let mut labels = self.all().map(|(_, label)| label);
        labels.find(|label| is_same(label, text))
    }

    /// Whether a value has this label.
    #[must_use]
    pub fn pairs(&self, value: &str, label: &str) -> bool {
        self.all().any(|pair| pair == (value, label))
    }

    /// All values with their labels.
    fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.entries.iter().enumerate();
        entries.map(|(index, entry)| (self.value_of(entry), self.label(index)))
    }

    fn value_of(&self, entry: &Entry) -> &str {
        self.slice(entry.start as usize..entry.label as usize)
    }

    fn label(&self, index: usize) -> &str {
        let entry = self.entries[index];
        if entry.label == entry.end {
            return self.value_of(&entry);
        }
        self.slice(entry.label as usize..entry.end as usize)
    }

    fn slice(&self, range: Range<usize>) -> &str {
        &self.text[range]
    }
}

/// The one value that all of these have.
fn only<'t>(mut found: impl Iterator<Item = (&'t str, &'t str)>) -> Option<&'t str> {
    let (first, _) = found.next()?;
    found.all(|(value, _)| value == first).then_some(first)
}

/// Whether two texts are equal without regard to letter case.
fn is_same(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    let lower = |text: &'_ str| text.to_lowercase();
    lower(one) == lower(other)
}
