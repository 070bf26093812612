//! The field that somebody may have meant by a name that no field has.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::field::FieldDescription;

/// The number of names whose nearest fields are remembered for an object, and the maximum number that are searched for in one
/// [`PERIOD`]: a search takes some hundred microseconds, and the names come from events. Most events of a source have the same traits.
const MAX_REMEMBERED: usize = 256;

/// How long the nearest fields are remembered once there are so many.
const PERIOD: Duration = Duration::from_mins(1);

/// The maximum length of a name that is compared, in bytes.
const MAX_NAME: usize = 80;

/// How alike two names must be: 0 is entirely different, 1 is equal.
const ALIKE: f64 = 0.7;

/// The fields that resemble names, by their positions.
#[derive(Debug, Default)]
pub(super) struct Nearest(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    fields: HashMap<Box<str>, Option<u16>>,
    /// When the first of them was searched for.
    since: Option<Instant>,
}

impl Nearest {
    /// The writable field that resembles a name most; `None` if none does.
    pub(super) fn of<'f>(
        &self,
        name: &str,
        fields: &'f [FieldDescription],
    ) -> Option<&'f FieldDescription> {
        if name.len() > MAX_NAME {
            return None;
        }
        // Poisoning does not matter: each entry is complete.
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = remembered.of(name, Instant::now(), || most_alike(name, fields));
        fields.get(usize::from(index?))
    }
}

impl Remembered {
    /// What is remembered for a name, or what `search` finds. Beyond [`MAX_REMEMBERED`] names in one [`PERIOD`] nothing is searched
    /// for.
    fn of(
        &mut self,
        name: &str,
        now: Instant,
        search: impl FnOnce() -> Option<u16>,
    ) -> Option<u16> {
        if let Some(index) = self.fields.get(name) {
            return *index;
        }
        let is_old = |since| now.saturating_duration_since(since) >= PERIOD;
        if self.fields.len() >= MAX_REMEMBERED {
            if !self.since.is_some_and(is_old) {
                return None;
            }
            self.fields.clear();
        }
        if self.fields.is_empty() {
            self.since = Some(now);
        }
        let index = search();
        self.fields.insert(name.into(), index);
        index
    }
}

fn most_alike(name: &str, fields: &[FieldDescription]) -> Option<u16> {
    let name = folded(name);
    let writable = fields
        .iter()
        .filter(|field| field.createable || field.updateable);
    let likeness = |field: &FieldDescription| {
        let other = folded(&field.name);
        let (shorter, longer) = (name.len().min(other.len()), name.len().max(other.len()));
        // The lengths alone tell most names apart: see `ALIKE`.
        if shorter * 10 < longer * 7 {
            return 0.0;
        }
        strsim::normalized_damerau_levenshtein(&name, &other)
    };
    let rated = writable.map(|field| (field.index, likeness(field)));
    let alike = rated.filter(|(_, likeness)| *likeness >= ALIKE);
    let nearest = alike.max_by(|(_, one), (_, other)| one.total_cmp(other));
    nearest.map(|(index, _)| index)
}

/// A name without its suffix, letter case, and everything but letters and digits.
fn folded(name: &str) -> String {
    let stem = name.strip_suffix("__c").unwrap_or(name);
    let letters = stem.chars().filter(|character| character.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_so_many_in_a_minute_are_not_searched_for() {
        let (mut remembered, now) = (Remembered::default(), Instant::now());
        let mut searched = 0;
        let mut of = |name: &str, now| {
            remembered.of(name, now, || {
                searched += 1;
                Some(7)
            })
        };
        for n in 0..1_000 {
            let is_searched = of(&format!("name{n}"), now).is_some();
            assert_eq!(is_searched, n < MAX_REMEMBERED);
        }
        assert_eq!(of("name0", now), Some(7));
        assert_eq!(of("another", now + PERIOD), Some(7));
        assert_eq!(searched, MAX_REMEMBERED + 1);
    }
}
