//! What becomes of each trait of an event.

use std::collections::{HashMap, HashSet};

use super::{
    trait_fate::{Fate, TraitFate},
    watch::{FieldSource, MappedField, Watch, place, places},
};
use crate::{
    json::{Kind, Value},
    text::{is_filled, shortened},
    transform::{
        change::{Change, ChangeKind, Fit},
        field_name::FieldName,
        mapping,
        plan::PlannedTraits,
    },
};

/// The maximum number of traits that are explained: more than a person reads.
const MAX_FATES: usize = 200;

/// How deep inside traits the mapping looks for values.
const MAX_DEPTH: usize = 1;

/// The traits of a write in their order, each with its fate; then the fields that no trait fills.
#[must_use]
pub(crate) fn fates(traits: &PlannedTraits<'_>, watch: &Watch<'_>) -> Vec<TraitFate> {
    if watch.target.is_none() {
        return Vec::new();
    }
    let mut fates = Fates {
        watch,
        places: places(&watch.mapped),
        is_used: vec![false; watch.mapped.len()],
        is_told: vec![false; watch.changes.len()],
        filled: HashSet::new(),
        list: Vec::new(),
    };
    for (name, value) in traits.members.iter() {
        if fates.is_full() {
            break;
        }
        fates.member(name, *value, 0);
    }
    if !fates.is_full() {
        fates.rest();
    }
    if fates.is_full() {
        fates.list.truncate(MAX_FATES);
        fates.list.push(TraitFate {
            message: Some("further traits are not listed".to_owned()),
            ..TraitFate::new(Fate::Unlisted)
        });
    }
    fates.list
}

struct Fates<'w, 'a> {
    watch: &'w Watch<'a>,
    /// The fields by the places of the values that fill them.
    places: HashMap<*const u8, Vec<usize>>,
    /// Which of the mapped fields are explained.
    is_used: Vec<bool>,
    /// Which of the changes are told.
    is_told: Vec<bool>,
    /// The names, in lower case, under which fields are sent.
    filled: HashSet<String>,
    list: Vec<TraitFate>,
}

impl<'w, 'a> Fates<'w, 'a> {
    fn is_full(&self) -> bool {
        self.list.len() > MAX_FATES
    }

    /// A trait, or a member of one.
    fn member(&mut self, path: &str, value: Value<'_>, depth: usize) {
        if self.is_full() {
            return;
        }
        let filled = self.filled_by(path, value);
        for field in &filled {
            let fate = self.of_field(*field);
            self.push(path, fate);
        }
        let told = self.tell(path, filled.is_empty());
        if !filled.is_empty() || told {
            return;
        }
        let object = value.as_object().filter(|object| !object.is_empty());
        if let Some(object) = object.filter(|_| depth < MAX_DEPTH) {
            for (name, value) in object.iter() {
                self.member(&format!("{path}.{name}"), value, depth + 1);
            }
        } else {
            let fate = self.without_field(path, value);
            self.push(path, fate);
        }
    }

    fn push(&mut self, path: &str, fate: TraitFate) {
        self.list.push(TraitFate {
            trait_name: Some(shortened(path)),
            ..fate
        });
    }

    /// The fields that a value fills.
    fn filled_by(&mut self, path: &str, value: Value<'_>) -> Vec<usize> {
        let mut filled = self.places.get(&place(value)).cloned().unwrap_or_default();
        if is_source_of_text(path) {
            let fields = self.watch.mapped.iter().zip(&self.is_used).enumerate();
            let made = fields.filter(|(_, (field, is_used))| {
                !**is_used && matches!(field.source, FieldSource::Text) && makes(path, &field.name)
            });
            filled.extend(made.map(|(index, _)| index));
        }
        for index in &filled {
            self.is_used[*index] = true;
        }
        filled
    }

    /// The fate of a field that the mapping has made.
    fn of_field(&mut self, index: usize) -> TraitFate {
        let watch = self.watch;
        let field = &watch.mapped[index].name;
        let changes = self.changes_of(field);
        let is_sent = |name: &str| {
            let fitted = watch.fitted.as_ref();
            fitted.is_none_or(|names| names.contains(name))
        };
        // `PREFLIGHT=warn` only says what it would do.
        let done = || {
            let done = changes.iter().filter(|(change, _)| change.is_done());
            done.map(|(_, fit)| *fit)
        };
        let renamed = done().rev().find_map(renamed);
        let sent_as = renamed.filter(|name| is_sent(name)).unwrap_or(field);
        let is_left_out = done().any(|fit| fit.kind() == ChangeKind::LeftOut) || !is_sent(sent_as);
        let is_changed = done().any(|fit| match fit.kind() {
            ChangeKind::Converted | ChangeKind::Shortened => true,
            ChangeKind::Renamed => sent_as != field,
            ChangeKind::LeftOut | ChangeKind::Named => false,
        });
        if !is_left_out {
            self.filled.insert(sent_as.to_ascii_lowercase());
        }
        let messages: Vec<String> = changes
            .iter()
            .map(|(change, _)| change.to_string())
            .collect();
        let mut fate = TraitFate {
            field: Some(shortened(sent_as)),
            reason: changes.last().map(|(change, _)| change.reason()),
            message: (!messages.is_empty()).then(|| messages.join("; ")),
            ..TraitFate::new(if is_left_out {
                Fate::LeftOut
            } else if is_changed {
                Fate::Changed
            } else {
                Fate::Sent
            })
        };
        let in_url = watch.in_url.as_deref();
        if in_url.is_some_and(|key| key.eq_ignore_ascii_case(field)) {
            let message = "it stands in the URL of the request".to_owned();
            fate.message.get_or_insert(message);
        }
        let has_it = |names: &HashSet<String>| !names.contains(sent_as);
        if fate.fate != Fate::LeftOut && watch.reduced.as_ref().is_some_and(has_it) {
            fate.fate = Fate::Unchanged;
            fate.message = Some("the record already has this value (SKIP_UNCHANGED)".to_owned());
        }
        fate
    }

    /// The changes of a field by preflight and salvage, in order.
    fn changes_of(&mut self, field: &str) -> Vec<(&'w Change<'a>, &'w Fit)> {
        let watch = self.watch;
        let mut list = Vec::new();
        for (change, is_told) in watch.changes.iter().zip(&mut self.is_told) {
            match change {
                Change::Field { name: of, fit, .. } if *of.text() == *field => {
                    *is_told = true;
                    list.push((change, fit));
                }
                _ => {}
            }
        }
        list
    }

    /// Tells what the mapping has noted about a trait. `is_all` says that no field is filled from it.
    fn tell(&mut self, path: &str, is_all: bool) -> bool {
        let name = shortened(path);
        let mut was_told = false;
        for (index, change) in self.watch.changes.iter().enumerate() {
            let is_about = change.trait_name().is_some_and(|of| of == name);
            if self.is_told[index] || !is_about || matches!(change, Change::SameField(_)) {
                continue;
            }
            self.is_told[index] = true;
            was_told = true;
            let fate = of_change(change);
            self.push(path, fate);
        }
        was_told && is_all
    }

    /// The fate of a trait that fills no field, and about which nothing is noted by its name.
    fn without_field(&mut self, path: &str, value: Value<'_>) -> TraitFate {
        if value.kind() == Kind::Null || !is_filled(value) {
            return TraitFate {
                reason: Some("no_value"),
                message: Some("it is null or blank, which counts as absent".to_owned()),
                ..TraitFate::new(Fate::NoValue)
            };
        }
        let is_about = |change: &Change<'_>| match change {
            Change::SystemField(field) | Change::MissingField(field) => {
                mapping::is_read_from(field, path)
            }
            Change::SameField(name) => is_named(path, name),
            _ => false,
        };
        let mut changes = self.watch.changes.iter().enumerate();
        if let Some((index, change)) = changes.find(|(_, change)| is_about(change)) {
            self.is_told[index] = true;
            return of_change(change);
        }
        if self.watch.is_duplicate {
            let message = "the record that the duplicate rule has found keeps its own value";
            return TraitFate {
                message: Some(message.to_owned()),
                ..TraitFate::new(Fate::LeftOut)
            };
        }
        TraitFate {
            reason: Some("no_field"),
            message: Some("it fills no field".to_owned()),
            ..TraitFate::new(Fate::LeftOut)
        }
    }

    /// What no trait explains: fields that the service fills, and changes without a trait.
    fn rest(&mut self) {
        for index in 0..self.watch.mapped.len() {
            let MappedField { name, source } = &self.watch.mapped[index];
            let is_displaced = matches!(source, FieldSource::Placeholder)
                && self.filled.contains(&name.to_ascii_lowercase());
            if self.is_used[index] || is_displaced {
                continue;
            }
            let source = *source;
            let mut fate = self.of_field(index);
            if fate.fate == Fate::Sent {
                fate.fate = Fate::Filled;
            }
            let origin = match source {
                FieldSource::Placeholder => {
                    "a placeholder, because no trait fills it (PLACEHOLDERS)"
                }
                FieldSource::Text => "the e-mail by which the record is looked up",
                FieldSource::Trait(_) => {
                    "the identifier of the sync, from context.externalId[0].id"
                }
            };
            fate.message.get_or_insert_with(|| origin.to_owned());
            self.list.push(fate);
        }
        for (index, change) in self.watch.changes.iter().enumerate() {
            if !self.is_told[index] {
                self.list.push(TraitFate {
                    trait_name: change.trait_name(),
                    ..of_change(change)
                });
            }
        }
    }
}

/// Whether the mapping makes texts from a trait.
fn is_source_of_text(path: &str) -> bool {
    path == "name" || path.eq_ignore_ascii_case("email")
}

/// Whether the mapping makes this field's text from a trait.
fn makes(path: &str, field: &str) -> bool {
    match field {
        "FirstName" | "LastName" => path == "name",
        "Email" => path.eq_ignore_ascii_case("email"),
        _ => false,
    }
}

/// Whether a trait has a field's name.
fn is_named(path: &str, name: &FieldName<'_>) -> bool {
    let text = name.text();
    let is_custom = text.strip_suffix("__c");
    text.eq_ignore_ascii_case(path) || is_custom.is_some_and(|name| name.eq_ignore_ascii_case(path))
}

fn renamed(fit: &Fit) -> Option<&str> {
    match fit {
        Fit::OtherCase(name) | Fit::StandardField(name) | Fit::OtherPlaceField(name) => Some(name),
        _ => None,
    }
}

fn of_change(change: &Change<'_>) -> TraitFate {
    let fate = match change.kind() {
        ChangeKind::LeftOut => Fate::LeftOut,
        ChangeKind::Renamed | ChangeKind::Converted | ChangeKind::Shortened => Fate::Changed,
        ChangeKind::Named => Fate::Missing,
    };
    TraitFate {
        field: change.field(),
        reason: Some(change.reason()),
        message: Some(change.to_string()),
        ..TraitFate::new(fate)
    }
}
