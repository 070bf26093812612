//! The traits of an event, sorted once to where a table's fields look for them: a field then finds its trait by position.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::table::Field;
use crate::contract::json::{Members, Value};

/// How many slots any table has at the most.
const MOST_SLOTS: usize = u128::BITS as usize;

/// The traits of which a name is made. They have the first slots.
pub(super) const PARTS: [&str; 3] = ["name", "firstName", "lastName"];

/// How many traits an event usually has that may become custom fields.
const USUAL_OTHERS: usize = 16;

/// To where the traits are sorted that a table knows of.
#[derive(Debug)]
pub(super) struct Index {
    /// The traits that paths begin with, by name.
    names: Names,
    /// For each field where its paths lead.
    places: Vec<Places>,
}

/// Names, by their length.
#[derive(Debug, Default)]
struct Names(Vec<Vec<Known>>);

#[derive(Debug)]
struct Known {
    name: &'static str,
    slot: usize,
    /// Whether the trait never becomes a custom field.
    is_taken: bool,
    /// The names inside the trait that paths go on to.
    below: Names,
}

/// Where the paths of a field lead.
#[derive(Debug, Default)]
pub(super) struct Places {
    places: Vec<Place>,
    /// Their slots, a bit for each.
    slots: u128,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    /// The path.
    pub(super) path: &'static str,
    /// The trait that is spelled like the whole path, which comes first.
    whole: usize,
    /// What the path leads to through another trait.
    below: Option<usize>,
}

/// The traits of an event by their slots, and those that may become custom fields.
pub(super) struct Sorted<'t, 'a> {
    slots: [Option<Value<'a>>; MOST_SLOTS],
    /// The slots that are filled, a bit for each.
    filled: u128,
    /// What may become custom fields, in order.
    pub(super) others: SmallVec<[&'t (Cow<'a, str>, Value<'a>); USUAL_OTHERS]>,
}

impl Names {
    /// The entry of a name, which is added with the next slot where it is not there yet.
    fn add(&mut self, name: &'static str, slots: &mut usize) -> &mut Known {
        if self.0.len() <= name.len() {
            self.0.resize_with(name.len() + 1, Vec::new);
        }
        let alike = &mut self.0[name.len()];
        let known = alike.iter().position(|known| known.name == name);
        let known = known.unwrap_or_else(|| {
            alike.push(Known {
                name,
                slot: *slots,
                is_taken: false,
                below: Names::default(),
            });
            *slots += 1;
            assert!(
                *slots <= MOST_SLOTS,
                "a table of {slots} slots has no bit for each"
            );
            alike.len() - 1
        });
        &mut alike[known]
    }

    fn find(&self, name: &str) -> Option<&Known> {
        let alike = self.0.get(name.len())?;
        // Most names differ in their first letter, which is compared without a call.
        let first = name.as_bytes().first();
        let mut alike = alike.iter();
        alike.find(|known| known.name.as_bytes().first() == first && known.name == name)
    }
}

impl Index {
    /// The index of a table's fields, and of the traits that never become custom fields.
    pub(super) fn of(fields: &[Field], taken: &[&'static str]) -> Self {
        let (mut names, mut slots) = (Names::default(), 0);
        for part in PARTS {
            names.add(part, &mut slots);
        }
        let places = fields.iter().map(|field| {
            let paths = field.source.paths().iter();
            Places::of(paths.map(|path| Place::of(path, &mut names, &mut slots)))
        });
        let places = places.collect();
        for name in taken {
            names.add(name, &mut slots).is_taken = true;
        }
        Self { names, places }
    }

    /// For each field where its paths lead.
    pub(super) fn places(&self) -> &[Places] {
        &self.places
    }

    /// Sorts the traits.
    pub(super) fn sort<'t, 'a>(&self, traits: &'t Members<'a>) -> Sorted<'t, 'a> {
        let mut sorted = Sorted {
            slots: [None; MOST_SLOTS],
            filled: 0,
            others: SmallVec::new(),
        };
        for member in traits.iter() {
            let (name, value) = member;
            let known = self.names.find(name);
            if let Some(known) = known {
                sorted.fill(known, *value);
            }
            if known.is_none_or(|known| !known.is_taken) {
                sorted.others.push(member);
            }
        }
        sorted
    }
}

impl Place {
    fn of(path: &'static str, names: &mut Names, slots: &mut usize) -> Self {
        let whole = names.add(path, slots).slot;
        let below = path.split_once('.').map(|(root, rest)| {
            let root = names.add(root, slots);
            root.below.add(rest, slots).slot
        });
        Self { path, whole, below }
    }
}

impl Places {
    fn of(places: impl Iterator<Item = Place>) -> Self {
        let places: Vec<Place> = places.collect();
        let all = places
            .iter()
            .flat_map(|place| [Some(place.whole), place.below]);
        let slots = all.flatten().fold(0, |slots, slot| slots | 1 << slot);
        Self { places, slots }
    }
}

impl<'a> Sorted<'_, 'a> {
    fn fill(&mut self, known: &Known, value: Value<'a>) {
        self.slots[known.slot] = Some(value);
        self.filled |= 1 << known.slot;
        if known.below.0.is_empty() {
            return;
        }
        for (name, value) in value.as_object().unwrap_or_default().iter() {
            if let Some(known) = known.below.find(&name) {
                self.fill(known, value);
            }
        }
    }

    /// The traits of which a name is made, in the order of [`PARTS`].
    pub(super) fn parts(&self) -> [Option<Value<'a>>; PARTS.len()] {
        std::array::from_fn(|slot| self.slots[slot])
    }

    /// Whether there is anything at the places of a field.
    pub(super) fn is_any(&self, places: &Places) -> bool {
        self.filled & places.slots != 0
    }

    /// The places of a field where there is something, in order, each with what is there.
    pub(super) fn at<'p>(
        &self,
        places: &'p Places,
    ) -> impl Iterator<Item = (&'p Place, Value<'a>)> {
        let value = |place: &Place| self.slots[place.whole].or_else(|| self.slots[place.below?]);
        let places = places.places.iter();
        places.filter_map(move |place| Some((place, value(place)?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        contract::json::value,
        map::{contact, lead},
    };

    const TRAITS: &str = r#"{"email":"a@b.c","company":{"name":"O","industry":"I","name":"N"},"company.name":"whole","address":{"city":"C"},
        "city":"X","address.state":"S","name":"A B","plan":"free","title":{"a":1}}"#;

    #[test]
    fn a_path_leads_to_the_same_value_as_in_the_traits_themselves() {
        let traits = value(TRAITS).as_members().unwrap();
        for table in [&lead::TABLE, &contact::TABLE] {
            let sorted = table.index.sort(&traits);
            for (field, places) in table.rows() {
                let found = sorted
                    .at(places)
                    .map(|(place, value)| (place.path, value.json()));
                let paths = field.source.paths().iter();
                let expected = paths.filter_map(|path| Some((*path, traits.at(path)?.json())));
                assert!(found.eq(expected), "{}", field.name);
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
    fn no_path_of_a_table_goes_deeper_than_one_level() {
        for table in [&lead::TABLE, &contact::TABLE] {
            let mut paths = table.fields.iter().flat_map(|field| field.source.paths());
            assert!(paths.all(|path| path.matches('.').count() <= 1));
        }
    }
}
