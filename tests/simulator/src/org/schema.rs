//! Changes of what the org can hold, and of who sees it.

use super::{Org, Refusal, references::without_parents};
use crate::{
    Country, FieldSpec,
    caller::Caller,
    clock,
    places::Places,
    record::{self, Record},
};

/// How the org answers where the documents do not say.
#[derive(Debug)]
pub(crate) struct Settings {
    /// A value of the wrong type refuses the whole collection, not only its record.
    pub(crate) wrong_type_refuses_collection: bool,
    /// A field that the object does not have refuses the whole collection, not only its record.
    pub(crate) unknown_field_refuses_collection: bool,
    /// A reference to a record that does not exist is refused with the name of its field.
    pub(crate) cross_references_name_fields: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wrong_type_refuses_collection: true,
            unknown_field_refuses_collection: false,
            cross_references_name_fields: false,
        }
    }
}

impl Org {
    /// Adds a field to an object, which comes with it if there is none, or changes the one that has its name.
    pub(crate) fn declare_field(&mut self, object: &str, field: FieldSpec) {
        let table = self.declared(object);
        let (name, is_unique) = (field.name.clone(), field.unique);
        self.tables[table].object.declare(field);
        self.forget_unique(table, &name);
        if is_unique {
            self.make_unique(object, &name);
        }
    }

    /// Takes a field away from an object.
    pub(crate) fn remove_field(&mut self, object: &str, field: &str) {
        let table = self.declared(object);
        self.tables[table].object.remove(field);
        self.forget_unique(table, field);
    }

    /// Notes that the fields of an object were changed just now.
    pub(crate) fn note_change(&mut self, object: &str) {
        let now = self.clock.next();
        let object = self.declare(object);
        object.changed = now.max(object.changed + 1);
    }

    /// Lets addresses name only these countries and their states, and gives them fields for the codes.
    pub(crate) fn switch_on_places(&mut self, countries: impl IntoIterator<Item = Country>) {
        let places = Places::new(countries);
        for table in &mut self.tables {
            for field in places.code_fields(&table.object) {
                table.object.declare(field);
            }
        }
        self.places = Some(places);
    }

    /// When an object's fields were last changed, as HTTP writes it; `None` where that is not after `since`.
    pub(crate) fn changed_after(&self, object: &str, since: Option<&str>) -> Option<String> {
        let changed = self.object(object).map_or(0, |object| object.changed);
        let is_known = since.is_some_and(|since| clock::is_since(since, changed));
        (!is_known).then(|| clock::http_date(changed))
    }

    /// Refuses a whole collection for one record that cannot be read: a value of the wrong type, or an unknown object.
    pub(crate) fn refuse_unreadable(
        &self,
        caller: &Caller<'_>,
        object: &str,
        fields: &Record,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::UnknownType(object.into());
        let object = self.object(object).ok_or_else(unknown)?;
        let body = without_parents(object, caller, fields.clone());
        match record::read(object, caller, body) {
            Err(refusal @ Refusal::Json(_)) if self.settings.wrong_type_refuses_collection => {
                Err(refusal)
            }
            Err(refusal @ Refusal::NoSuchField { .. })
                if self.settings.unknown_field_refuses_collection =>
            {
                Err(refusal)
            }
            _ => Ok(()),
        }
    }
}
