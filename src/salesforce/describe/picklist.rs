//! The active values of a picklist, in one text.

use std::ops::Range;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};

/// The maximum length in bytes of a text that is searched for. Salesforce's values and labels have at most 255 characters.
const MAX_TEXT: usize = 255 * 4;

/// The active values of a picklist, with their labels.
#[derive(Debug)]
pub struct Picklist {
    /// All values and labels, one after the other.
    text: Box<str>,
    /// In the order of the values.
    entries: Box<[Entry]>,
    /// The entries in the order of their labels; empty if each label equals its value.
    by_label: Box<[u32]>,
    /// The entries, each with the position of a value of the controlling picklist with which it may be chosen. It is empty if that
    /// is not known, and in order.
    valid_for: Box<[(u32, u16)]>,
}

/// Where a value and its label are in the text. A label that equals its value is empty.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    label: u32,
    end: u32,
    /// The position in Salesforce's order.
    position: u16,
}

/// A value, and its label where it differs.
#[derive(Deserialize, Serialize)]
pub(super) struct PicklistValue {
    pub(super) value: Box<str>,
    pub(super) label: Option<Box<str>>,
    /// The position in Salesforce's order.
    pub(super) position: u16,
    /// The positions of the values of the controlling picklist with which it may be chosen; empty if that is not known.
    pub(super) valid_for: Vec<u16>,
}

/// The positions that base64 text names, which has a bit for each: the first one is the highest of the first byte.
pub(super) fn positions(bits: &str) -> Vec<u16> {
    let bytes = BASE64_STANDARD.decode(bits).unwrap_or_default();
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0));
    let set = (0..).zip(bits).filter(|(_, is_set)| *is_set);
    set.map(|(position, _)| position).collect()
}

impl Picklist {
    /// The picklist of these values; `None` if there are none, or more than 4 GiB of them.
    pub(super) fn of(mut values: Vec<PicklistValue>) -> Option<Self> {
        values.sort_by(|one, other| one.value.cmp(&other.value));
        let (mut text, mut entries) = (String::new(), Vec::with_capacity(values.len()));
        let mut valid_for = Vec::new();
        for (index, of) in (0..).zip(&values) {
            let PicklistValue { value, label, .. } = of;
            valid_for.extend(of.valid_for.iter().map(|position| (index, *position)));
            let start = u32::try_from(text.len()).ok()?;
            text.push_str(value);
            let at = u32::try_from(text.len()).ok()?;
            text.push_str(label.as_deref().unwrap_or_default());
            let end = u32::try_from(text.len()).ok()?;
            entries.push(Entry {
                start,
                label: at,
                end,
                position: of.position,
            });
        }
        let mut picklist = Self {
            text: text.into(),
            entries: entries.into(),
            by_label: Box::default(),
            valid_for: valid_for.into(),
        };
        let has_label = |entry: &Entry| entry.label < entry.end;
        if picklist.entries.iter().any(has_label) {
            let mut by_label: Vec<u32> = (0..u32::try_from(values.len()).ok()?).collect();
            by_label.sort_by_key(|index| picklist.label(*index as usize));
            picklist.by_label = by_label.into();
        }
        (!values.is_empty()).then_some(picklist)
    }

    /// Its values, from which [`Self::of`] makes the same picklist.
    pub(super) fn values(&self) -> impl Iterator<Item = PicklistValue> {
        (0..).zip(&self.entries).map(|(index, entry): (u32, _)| {
            let label = self.slice(entry.label as usize..entry.end as usize);
            let from = self.valid_for.partition_point(|(of, _)| *of < index);
            let valid_for = self.valid_for[from..].iter();
            let valid_for = valid_for.take_while(|(of, _)| *of == index);
            PicklistValue {
                value: self.value_of(entry).into(),
                label: (!label.is_empty()).then(|| label.into()),
                position: entry.position,
                valid_for: valid_for.map(|(_, position)| *position).collect(),
            }
        })
    }

    /// The memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.text.len()
            + size_of_val(&*self.entries)
            + size_of_val(&*self.by_label)
            + size_of_val(&*self.valid_for)
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
        if text.len() > MAX_TEXT {
            return None;
        }
        self.code(text).or_else(|| {
            let exact = only(self.all().filter(|(_, label)| *label == text));
            exact.or_else(|| only(self.all().filter(|(_, label)| is_same(label, text))))
        })
    }

    /// The value that is this one without letter case; `None` if there is none, or more than one.
    #[must_use]
    pub fn code(&self, text: &str) -> Option<&str> {
        if text.len() > MAX_TEXT {
            return None;
        }
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
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut labels = self.all().map(|(_, label)| label);
        labels.find(|label| is_same(label, text))
    }

    /// Whether a value has this label.
    #[must_use]
    pub fn pairs(&self, value: &str, label: &str) -> bool {
        self.all().any(|pair| pair == (value, label))
    }

    /// The position, in Salesforce's order, of the value that is exactly this one, or that has exactly this label.
    #[must_use]
    pub fn position(&self, text: &str, is_value: bool) -> Option<u16> {
        let mut found = self.found(text, is_value);
        found.next().map(|index| self.entries[index].position)
    }

    /// Whether the value that is exactly this one, or one that has exactly this label, may be chosen with the value at a position of
    /// the controlling picklist. `true` if nothing is known of that.
    #[must_use]
    pub fn is_valid_for(&self, (text, is_value): (&str, bool), controlling: u16) -> bool {
        let is_valid = |index: usize| {
            let pair = u32::try_from(index).map(|index| (index, controlling));
            pair.is_ok_and(|pair| self.valid_for.binary_search(&pair).is_ok())
        };
        self.valid_for.is_empty() || self.found(text, is_value).any(is_valid)
    }

    /// The indexes of the entries whose value, or label, is exactly this one. States of several countries share a code.
    fn found(&self, text: &str, is_value: bool) -> impl Iterator<Item = usize> {
        let by_value = is_value || self.by_label.is_empty();
        let entry = move |place: usize| {
            if by_value {
                place
            } else {
                self.by_label[place] as usize
            }
        };
        let of = move |place: usize| {
            if by_value {
                self.value_of(&self.entries[place])
            } else {
                self.label(entry(place))
            }
        };
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if *of(middle) < *text {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..self.entries.len())
            .take_while(move |place| *of(*place) == *text)
            .map(entry)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Picklist {
        let state = |value: &str, label: &str, position, valid_for: &str| PicklistValue {
            value: value.into(),
            label: Some(label.into()),
            position,
            valid_for: positions(valid_for),
        };
        // The United States, Australia and Germany have the positions 0 to 2.
        let states = [
            state("CA", "California", 0, "gA=="),
            state("WA", "Washington", 1, "gA=="),
            state("WA", "Western Australia", 2, "QA=="),
        ];
        Picklist::of(states.into()).unwrap()
    }

    #[test]
    fn a_bit_stands_for_each_position_from_the_highest_on() {
        assert_eq!(positions("gA=="), [0]);
        assert_eq!(positions("QYA="), [1, 7, 8]);
        assert_eq!(positions("AAAA"), Vec::<u16>::new());
        assert_eq!(positions("no base64"), Vec::<u16>::new());
    }

    #[test]
    fn a_code_that_two_countries_have_is_valid_for_both_and_a_name_for_its_own() {
        let states = states();
        let is_valid = |state: &str, is_code| {
            [0, 1, 2].map(|country| states.is_valid_for((state, is_code), country))
        };
        assert_eq!(is_valid("CA", true), [true, false, false]);
        assert_eq!(is_valid("WA", true), [true, true, false]);
        assert_eq!(is_valid("Washington", false), [true, false, false]);
        assert_eq!(is_valid("Western Australia", false), [false, true, false]);
        assert_eq!(is_valid("WA", false), [false; 3]);
    }

    #[test]
    fn values_are_known_by_their_position_in_salesforces_order() {
        let states = states();
        assert_eq!(states.position("Western Australia", false), Some(2));
        assert_eq!(states.position("CA", true), Some(0));
        assert_eq!(states.position("Oz", true), None);
    }

    #[test]
    fn where_a_description_does_not_tell_a_value_is_valid_for_all() {
        let value = PicklistValue {
            value: "CA".into(),
            label: None,
            position: 0,
            valid_for: Vec::new(),
        };
        let states = Picklist::of(vec![value]).unwrap();
        assert!(states.is_valid_for(("CA", true), 7) && states.is_valid_for(("CA", false), 7));
    }
}
