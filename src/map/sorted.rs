//! The traits of an event, sorted once to where a table's fields look for them: a field then finds its trait by position.

use std::borrow::Cow;

use super::table::Field;
use crate::contract::json::{Members, Value};

/// How many slots any table has at the most.
const MOST_SLOTS: usize = 80;

/// To where the traits are sorted that a table knows of.
#[derive(Debug)]
pub(super) struct Index {
    /// The names of these traits by their length.
    names: Vec<Vec<Known>>,
    /// For each field where its paths lead.
    places: Vec<Vec<Place>>,
    /// How many slots there are.
    slots: usize,
}

#[derive(Debug)]
struct Known {
    name: &'static str,
    slot: usize,
    /// Whether the trait never becomes a custom field.
    is_taken: bool,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    /// The path.
    pub(super) path: &'static str,
    /// The trait that is spelled like the whole path, which comes first.
    whole: usize,
    /// The trait in which the path goes on, and how.
    below: Option<(usize, &'static str)>,
}

/// The traits of an event by their slots, and those that no field reads.
pub(super) struct Sorted<'t, 'a> {
    slots: [Option<Value<'a>>; MOST_SLOTS],
    /// What may become custom fields, in order.
    pub(super) others: Vec<&'t (Cow<'a, str>, Value<'a>)>,
}

impl Index {
    /// The index of a table's fields, and of the traits that never become custom fields.
    pub(super) fn of(fields: &[Field], taken: &[&'static str]) -> Self {
        let mut index = Self {
            names: Vec::new(),
            places: Vec::new(),
            slots: 0,
        };
        for field in fields {
            let paths = field.source.paths().iter();
            let places = paths.map(|path| index.place(path)).collect();
            index.places.push(places);
        }
        for name in taken {
            index.name(name).is_taken = true;
        }
        index
    }

    /// For each field where its paths lead.
    pub(super) fn places(&self) -> impl Iterator<Item = &[Place]> {
        self.places.iter().map(Vec::as_slice)
    }

    fn place(&mut self, path: &'static str) -> Place {
        let below = path.split_once('.');
        Place {
            path,
            whole: self.name(path).slot,
            below: below.map(|(root, rest)| (self.name(root).slot, rest)),
        }
    }

    /// The entry of a name, which is added where it is not there yet.
    fn name(&mut self, name: &'static str) -> &mut Known {
        if self.names.len() <= name.len() {
            self.names.resize_with(name.len() + 1, Vec::new);
        }
        let alike = &mut self.names[name.len()];
        let known = alike.iter().position(|known| known.name == name);
        let known = known.unwrap_or_else(|| {
            let slot = self.slots;
            self.slots += 1;
            alike.push(Known {
                name,
                slot,
                is_taken: false,
            });
            alike.len() - 1
        });
        &mut alike[known]
    }

    /// Sorts the traits.
    pub(super) fn sort<'t, 'a>(&self, traits: &'t Members<'a>) -> Sorted<'t, 'a> {
        let mut sorted = Sorted {
            slots: [None; MOST_SLOTS],
            others: Vec::new(),
        };
        for member in traits.iter() {
            let (name, value) = member;
            let alike = self.names.get(name.len()).map_or(&[][..], Vec::as_slice);
            let known = alike.iter().find(|known| known.name == name);
            if let Some(known) = known {
                sorted.slots[known.slot] = Some(*value);
            }
            if known.is_none_or(|known| !known.is_taken) {
                sorted.others.push(member);
            }
        }
        sorted
    }
}

impl<'a> Sorted<'_, 'a> {
    /// The value at a path, as [`Members::at`] finds it.
    pub(super) fn at(&self, place: &Place) -> Option<Value<'a>> {
        self.slots[place.whole].or_else(|| {
            let (root, rest) = place.below?;
            self.slots[root]?.as_object()?.get(rest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::json::value,
        map::{contact, lead},
    };

    const TRAITS: &str = r#"{"email":"a@b.c","company":{"name":"N","industry":"I"},"company.name":"whole","address":{"city":"C"},
        "city":"X","address.state":"S","name":"A B","plan":"free","title":{"a":1}}"#;

    #[test]
    fn a_path_leads_to_the_same_value_as_in_the_traits_themselves() {
        let traits = value(TRAITS).as_members().unwrap();
        for table in [&lead::TABLE, &contact::TABLE] {
            let sorted = table.index.sort(&traits);
            for (field, places) in table.rows() {
                for (path, place) in field.source.paths().iter().zip(places) {
                    let json = |value: Value<'static>| value.json();
                    assert_eq!(
                        sorted.at(place).map(json),
                        traits.at(path).map(json),
                        "{path}"
                    );
                }
            }
        }
    }

    #[test]
    fn only_what_no_field_keeps_to_itself_may_become_a_custom_field() {
        let traits = value(TRAITS).as_members().unwrap();
        let sorted = lead::TABLE.index.sort(&traits);
        let others: Vec<&str> = sorted
            .others
            .iter()
            .map(|(name, _)| name.as_ref())
            .collect();
        assert_eq!(others, ["company.name", "address.state", "plan"]);
    }

    #[test]
    fn every_table_has_room_for_its_slots() {
        for table in [&lead::TABLE, &contact::TABLE] {
            assert!(table.index.slots <= MOST_SLOTS, "{}", table.index.slots);
        }
    }

    #[test]
    fn no_path_of_a_table_goes_deeper_than_one_level() {
        for table in [&lead::TABLE, &contact::TABLE] {
            let mut paths = table.fields.iter().flat_map(|field| field.source.paths());
            assert!(paths.all(|path| path.matches('.').count() <= 1));
        }
    }
}
