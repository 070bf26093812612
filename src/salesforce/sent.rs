//! The fields of a record as it was sent.

use crate::json::{Object, Value};

/// The member of a record's JSON that names its object. It is not a field.
pub(crate) const ATTRIBUTES: &str = "attributes";

/// The members of a sent record that are fields, except its id.
pub(crate) fn fields(sent: Object<'_>) -> impl Iterator<Item = (String, Value<'_>)> {
    let is_field = |name: &str| name != ATTRIBUTES && !name.eq_ignore_ascii_case("Id");
    let members = sent.iter().filter(move |(name, _)| is_field(name));
    members.map(|(name, value)| (name.into_owned(), value))
}

/// The field of this name in a sent record, in any letter case.
pub(crate) fn field<'a>(sent: Object<'a>, name: &str) -> Option<(String, Value<'a>)> {
    fields(sent).find(|(field, _)| field.eq_ignore_ascii_case(name))
}
