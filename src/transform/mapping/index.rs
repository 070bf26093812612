//! The index by which traits are sorted: a table's fields, and the traits that they are read from, each at a fixed
//! slot.

use super::field::Field;

/// The maximum number of slots of a table.
pub(super) const MAX_SLOTS: usize = u128::BITS as usize;

/// The traits that make up a name. They have the first slots.
pub(super) const PARTS: [&str; 3] = ["name", "firstName", "lastName"];

/// The slots of the traits that a table knows.
#[derive(Debug)]
pub(super) struct Index {
    /// The traits with which paths begin, by name.
    names: Names,
    /// Where the paths of each field lead.
    places: Vec<FieldPlaces>,
    /// The name of each slot.
    slots: Vec<&'static str>,
    /// The slots of traits that no field reads and that never become custom fields, as bits.
    pub(super) unread: u128,
    /// The slots of traits of which only parts are read, as bits.
    pub(super) read_inside: u128,
}

/// Names, by their length.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<Vec<KnownTrait>>);

/// A known trait, or a part of one.
#[derive(Debug)]
pub(super) struct KnownTrait {
    pub(super) name: &'static str,
    pub(super) slot: usize,
    /// Whether the trait never becomes a custom field.
    pub(super) is_taken: bool,
    /// The names inside the trait with which paths continue.
    pub(super) below: Names,
}

/// Where the paths of a field lead.
#[derive(Debug, Default)]
pub(super) struct FieldPlaces {
    pub(super) places: Vec<Place>,
    /// Their slots, as bits.
    pub(super) slots: u128,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    /// The path.
    pub(super) path: &'static str,
    /// The trait whose name is the whole path; it takes precedence.
    pub(super) whole: usize,
    /// The part of another trait to which the path leads.
    pub(super) below: Option<usize>,
}

/// The slots of these bits.
fn slots_of(mut bits: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let slot = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            slot
        })
    })
}

impl Names {
    /// The entry of a name; if there is none yet, it is added at the next slot.
    fn add(&mut self, name: &'static str, slots: &mut Vec<&'static str>) -> &mut KnownTrait {
        if self.0.len() <= name.len() {
            self.0.resize_with(name.len() + 1, Vec::new);
        }
        let alike = &mut self.0[name.len()];
        let known = alike.iter().position(|known| known.name == name);
        let known = known.unwrap_or_else(|| {
            alike.push(KnownTrait {
                name,
                slot: slots.len(),
                is_taken: false,
                below: Names::default(),
            });
            slots.push(name);
            assert!(
                slots.len() <= MAX_SLOTS,
                "a table of {} slots has no bit for each",
                slots.len()
            );
            alike.len() - 1
        });
        &mut alike[known]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn find(&self, name: &str) -> Option<&KnownTrait> {
        let alike = self.0.get(name.len())?;
        // Most names differ in their first letter; comparing it needs no function call.
        let first = name.as_bytes().first();
        let mut alike = alike.iter();
        alike.find(|known| known.name.as_bytes().first() == first && known.name == name)
    }
}

impl Index {
    /// The index of a table's fields and of the traits that RudderStack never sends. Neither these nor the traits that
    /// fields are read from become custom fields.
    pub(super) fn of(fields: &[Field], kept: &[&'static str]) -> Self {
        let (mut names, mut slots) = (Names::default(), Vec::new());
        let mut read = 0;
        for part in PARTS {
            read |= 1 << names.add(part, &mut slots).slot;
        }
        let places = fields.iter().map(|field| {
            let paths = field.source.paths().iter();
            FieldPlaces::of(paths.map(|path| Place::of(path, &mut names, &mut slots)))
        });
        let places: Vec<FieldPlaces> = places.collect();
        read = places.iter().fold(read, |read, field| read | field.slots);
        let (mut unread, mut read_inside) = (0, 0);
        let taken = fields.iter().flat_map(Field::traits).chain(PARTS);
        for name in taken.chain(kept.iter().copied()) {
            let known = names.add(name, &mut slots);
            known.is_taken = true;
            let whole: u128 = 1 << known.slot;
            match known.below.0.is_empty() {
                _ if read & whole != 0 => {}
                true => unread |= whole,
                false => read_inside |= whole,
            }
        }
        Self {
            names,
            places,
            slots,
            unread,
            read_inside,
        }
    }

    /// Whether a trait never becomes a custom field.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.names.find(name).is_some_and(|known| known.is_taken)
    }

    /// Whether a trait's name is a whole path that fills a field, such as `company.name`.
    pub(super) fn is_path(&self, name: &str) -> bool {
        name.contains('.') && self.names.find(name).is_some()
    }

    /// The entry of a trait with which paths begin, or that never becomes a custom field.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<&KnownTrait> {
        self.names.find(name)
    }

    /// The names of the slots in these bits.
    pub(super) fn names(&self, slots: u128) -> impl Iterator<Item = (usize, &'static str)> {
        slots_of(slots).map(|slot| (slot, self.slots[slot]))
    }

    /// Where the paths of each field lead.
    pub(super) fn places(&self) -> &[FieldPlaces] {
        &self.places
    }
}

impl Place {
    fn of(path: &'static str, names: &mut Names, slots: &mut Vec<&'static str>) -> Self {
        let whole = names.add(path, slots).slot;
        let below = path.split_once('.').map(|(root, rest)| {
            let root = names.add(root, slots);
            root.below.add(rest, slots).slot
        });
        Self { path, whole, below }
    }
}

impl FieldPlaces {
    fn of(places: impl Iterator<Item = Place>) -> Self {
        let places: Vec<Place> = places.collect();
        let all = places
            .iter()
            .flat_map(|place| [Some(place.whole), place.below]);
        let slots = all.flatten().fold(0, |slots, slot| slots | 1 << slot);
        Self { places, slots }
    }
}
