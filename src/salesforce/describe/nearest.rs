//! The field that somebody may have meant by a name that no field has.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::field::FieldDescription;

/// The number of names whose nearest fields are remembered for an object. Most events of a source have the same traits.
const MAX_REMEMBERED: usize = 256;

/// The maximum length of a name that is compared, in bytes.
const MAX_NAME: usize = 80;

/// How alike two names must be: 0 is entirely different, 1 is equal.
const ALIKE: f64 = 0.7;

/// The fields that resemble names, by their positions.
#[derive(Debug, Default)]
pub(super) struct Nearest(Mutex<HashMap<Box<str>, Option<u16>>>);

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
        let index = if let Some(index) = remembered.get(name) {
            *index
        } else {
            if remembered.len() >= MAX_REMEMBERED {
                remembered.clear();
            }
            let index = most_alike(name, fields);
            remembered.insert(name.into(), index);
            index
        };
        fields.get(usize::from(index?))
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
