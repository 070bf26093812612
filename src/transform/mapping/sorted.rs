//! The traits of an event, sorted once into the slots of a table: a field then finds its trait by position.
//!
//! Searching the traits for each path of the table instead takes 102,150 instructions for a lead's event rather than
//! 81,640 (`tests/bench/instructions lead`).

use std::borrow::Cow;

use smallvec::SmallVec;

use super::index::{FieldPlaces, Index, KnownTrait, MAX_SLOTS, PARTS, Place};
use crate::{
    config::rules::BlankText,
    json::{Members, Value},
};

/// The usual number of traits of an event that may become custom fields.
const USUAL_OTHERS: usize = 16;

/// The traits of an event by slot, and those that may become custom fields.
pub(super) struct Sorted<'t, 'a> {
    slots: [Option<Value<'a>>; MAX_SLOTS],
    /// The filled slots, as bits.
    filled: u128,
    /// The traits that may become custom fields, in order.
    pub(super) others: SmallVec<[&'t (Cow<'a, str>, Value<'a>); USUAL_OTHERS]>,
    /// Members that no field reads, of traits whose other members are read.
    pub(super) unread_parts: SmallVec<[UnreadPart<'a>; 1]>,
}

/// A member of a trait that is an object.
pub(super) struct UnreadPart<'a> {
    /// The trait.
    pub(super) of: &'static str,
    /// The part's name.
    pub(super) name: Cow<'a, str>,
    pub(super) value: Value<'a>,
}

impl<'t, 'a> Sorted<'t, 'a> {
    /// Sorts the traits.
    pub(super) fn of(traits: &'t Members<'a>, index: &Index) -> Self {
        let mut sorted = Self {
            slots: [None; MAX_SLOTS],
            filled: 0,
            others: SmallVec::new(),
            unread_parts: SmallVec::new(),
        };
        for member in traits.iter() {
            let (name, value) = member;
            let known = index.find(name);
            if let Some(known) = known {
                sorted.fill(known, *value);
            }
            if known.is_none_or(|known| !known.is_taken) {
                sorted.others.push(member);
            }
        }
        sorted
    }

    fn fill(&mut self, known: &KnownTrait, value: Value<'a>) {
        self.slots[known.slot] = Some(value);
        self.filled |= 1 << known.slot;
        if known.below.is_empty() {
            return;
        }
        for (name, value) in value.as_object().unwrap_or_default().iter() {
            match known.below.find(&name) {
                Some(known) => self.fill(known, value),
                None if known.is_taken => {
                    let of = known.name;
                    self.unread_parts.push(UnreadPart { of, name, value });
                }
                None => {}
            }
        }
    }

    /// The traits that make up a name, in the order of [`PARTS`].
    pub(super) fn parts(&self) -> [Option<Value<'a>>; PARTS.len()] {
        std::array::from_fn(|slot| self.slots[slot])
    }

    /// The trait `firstName`.
    pub(super) fn first_name(&self) -> Option<Value<'a>> {
        self.parts()[1]
    }

    /// Whether there is any value at the places of a field.
    pub(super) fn is_any(&self, places: &FieldPlaces) -> bool {
        self.filled & places.slots != 0
    }

    /// The traits at the slots in these bits.
    pub(super) fn filled<'i>(
        &self,
        slots: u128,
        index: &'i Index,
    ) -> impl Iterator<Item = (&'static str, Value<'a>)> {
        let names = index.names(slots & self.filled);
        names.filter_map(|(slot, name)| Some((name, self.slots[slot]?)))
    }

    /// The values at a place: that of the trait whose name is the whole path, and that inside another trait.
    #[inline]
    pub(super) fn at(&self, place: &Place, blank: BlankText) -> [Option<Value<'a>>; 2] {
        let (whole, below) = (self.slots[place.whole], place.below);
        let below = below.and_then(|below| self.slots[below]);
        match (blank, whole) {
            // In JavaScript, a key that is spelled like the whole path hides the nested one, even if
            // its value is null or empty.
            (BlankText::Kept, Some(_)) => [whole, None],
            (BlankText::Kept, None) | (BlankText::Absent, _) => [whole, below],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        json::value,
        transform::mapping::{contact, lead},
    };

    const TRAITS: &str = r#"{"email":"a@b.c","company":{"name":"O","industry":"I","name":"N"},"company.name":"whole","address":{"city":"C"},
        "city":"X","address.state":"S","name":"A B","plan":"free","title":{"a":1}}"#;

    #[test]
    fn a_path_leads_to_the_same_value_as_in_the_traits_themselves() {
        let traits = value(TRAITS).as_members().unwrap();
        for table in [&lead::TABLE, &contact::TABLE] {
            let sorted = Sorted::of(&traits, &table.index);
            for (field, places) in table.rows() {
                let found = places.places.iter().flat_map(|place| {
                    let values = sorted.at(place, BlankText::Kept).into_iter();
                    values.flatten().map(|value| (place.path, value.json()))
                });
                let paths = field.source.paths().iter();
                let expected = paths.filter_map(|path| Some((*path, traits.at(path)?.json())));
                assert!(found.eq(expected), "{}", field.name);
            }
        }
    }

    #[test]
    fn only_what_no_field_keeps_to_itself_may_become_a_custom_field() {
        let traits = value(TRAITS).as_members().unwrap();
        let sorted = Sorted::of(&traits, &lead::TABLE.index);
        let others: Vec<&str> = sorted
            .others
            .iter()
            .map(|(name, _)| name.as_ref())
            .collect();
        assert_eq!(others, ["company.name", "address.state", "plan"]);
    }

    #[test]
    fn no_path_of_a_table_goes_deeper_than_one_level() {
        for table in [&lead::TABLE, &contact::TABLE] {
            let mut paths = table.fields.iter().flat_map(|field| field.source.paths());
            assert!(paths.all(|path| path.matches('.').count() <= 1));
        }
    }
}
