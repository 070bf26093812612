//! Finds the records that are alike in some fields without a look at all of them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::record::{Record, system};

/// Separates the values of several fields in a key; no value holds it.
const SEPARATOR: char = '\u{1f}';

/// When two values are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Every character counts, and its case.
    Identical,
    /// Letter case aside, every character counts.
    Exact,
    /// Only letters and digits count, letter case aside.
    Fuzzy,
}

/// The records of an object by what they hold in some fields. Deleted records are in none.
#[derive(Debug)]
pub(super) struct Index {
    fields: Vec<String>,
    comparison: Comparison,
    /// The positions of the records, in order of creation.
    positions: HashMap<String, BTreeSet<usize>>,
}

impl Index {
    pub(super) fn new(fields: Vec<String>, comparison: Comparison) -> Self {
        Self {
            fields,
            comparison,
            positions: HashMap::new(),
        }
    }

    pub(super) fn is_of(&self, fields: &[String], comparison: Comparison) -> bool {
        self.fields == fields && self.comparison == comparison
    }

    /// Takes in a record as it is now.
    pub(super) fn insert(&mut self, position: usize, record: &Record) {
        if let Some(key) = self.stored_key(record) {
            self.positions.entry(key).or_default().insert(position);
        }
    }

    /// Forgets a record as it was.
    pub(super) fn remove(&mut self, position: usize, record: &Record) {
        let Some(key) = self.stored_key(record) else {
            return;
        };
        if let Some(positions) = self.positions.get_mut(&key) {
            positions.remove(&position);
            if positions.is_empty() {
                self.positions.remove(&key);
            }
        }
    }

    /// The positions of the records that are like this one.
    pub(super) fn like(&self, record: &Record) -> impl Iterator<Item = usize> {
        let positions =
            key(&self.fields, self.comparison, record).and_then(|key| self.positions.get(&key));
        positions.into_iter().flatten().copied()
    }

    fn stored_key(&self, record: &Record) -> Option<String> {
        if system::is_deleted(record) {
            return None;
        }
        key(&self.fields, self.comparison, record)
    }
}

/// What a record holds in these fields, as a text that records have in common that are alike; `None` where a field is empty
/// or nothing of it counts.
pub(super) fn key(fields: &[String], comparison: Comparison, record: &Record) -> Option<String> {
    let mut key = String::new();
    for field in fields {
        let value = match record.get(field)? {
            Value::String(text) => counted(text, comparison),
            Value::Number(number) => number.as_f64()?.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        if value.is_empty() {
            return None;
        }
        key.push_str(&value);
        key.push(SEPARATOR);
    }
    Some(key)
}

/// What of a text counts.
fn counted(text: &str, comparison: Comparison) -> String {
    let lower = text.to_lowercase();
    match comparison {
        Comparison::Identical => text.to_owned(),
        Comparison::Exact => lower,
        Comparison::Fuzzy => lower.chars().filter(|c| c.is_alphanumeric()).collect(),
    }
}
