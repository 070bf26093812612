//! Adapts the fields of an already described lead to the record that a later lookup found instead.

use std::borrow::Cow;

use super::{
    contact,
    field::{Access, Field, Source},
    has_name, is_wanted, lead,
};
use crate::{
    config::rules::{Placeholders, Rules},
    json::{Members, Value, Writer},
    rudderstack::Destination,
};

/// Which of a described lead's fields an update of the found record writes. A lead gets all of them; a contact gets
/// what its table reads from the same traits, and the custom fields. Where the rules limit placeholders to creates,
/// they are left out. To a record that a duplicate rule has found, neither they nor the fields `kept` are written.
#[must_use]
pub(crate) fn as_update(
    fields: &Members<'_>,
    object: &str,
    kept: Option<[&str; 2]>,
    destination: &Destination,
    rules: &Rules,
) -> String {
    let is_mapped = is_wanted(destination, rules.mapping_switch);
    let mut json = Writer::default();
    json.object(|json| {
        for (name, value) in fields.iter() {
            let row = table_row(name).filter(|_| is_mapped);
            let has_placeholders = rules.placeholders == Placeholders::Always && kept.is_none();
            let is_left_out = !has_placeholders && row.is_some_and(|row| is_default(row, *value))
                || kept.is_some_and(|kept| has_name(&kept, name));
            let name = match object {
                "Contact" if is_mapped => name_in_contact(name, row),
                _ => Some(Cow::Borrowed(name.as_ref())),
            };
            if let Some(name) = name.filter(|_| !is_left_out) {
                json.name(&name, "");
                json.value(*value);
            }
        }
    });
    json.into_text()
}

fn table_row(name: &str) -> Option<&'static Field> {
    let mut rows = lead::TABLE.fields.iter();
    rows.find(|row| row.name.eq_ignore_ascii_case(name))
}

fn is_default(row: &Field, value: Value<'_>) -> bool {
    row.default.is_some() && value.as_text().as_deref() == row.default
}

/// The contact field that is read from the same traits as this lead field; `None` if there is none.
fn name_in_contact<'n>(name: &'n str, row: Option<&Field>) -> Option<Cow<'n, str>> {
    let Some(row) = row else {
        return Some(Cow::Borrowed(name));
    };
    let rows = contact::TABLE
        .fields
        .iter()
        .filter(|row| row.access == Access::Written);
    let is_same = |other: &&Field| match (&row.source, &other.source) {
        (Source::Traits(paths), Source::Traits(others)) => paths.first() == others.first(),
        _ => row.name == other.name,
    };
    let mut rows = rows.filter(is_same);
    rows.next().map(|row| Cow::Borrowed(row.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::rules::Compatibility, json::value, rudderstack::DestinationName};

    const LEAD: &str = r#"{"City":"Berlin","Company":"n/a","Email":"a@b.c","LastName":"Doe","Rating":"Hot","plan__c":1}"#;

    fn update(object: &str, config: &str, placeholders: Placeholders) -> String {
        let config = value(config).as_object().unwrap();
        let destination = Destination::of_config("dst-1", DestinationName::Salesforce, config);
        let rules = Rules::new(Compatibility::Documented, placeholders);
        let fields = value(LEAD).as_members().unwrap();
        as_update(&fields, object, None, &destination, &rules)
    }

    #[test]
    fn a_lead_gets_the_fields_as_they_are() {
        assert_eq!(update("Lead", "{}", Placeholders::Always), LEAD);
    }

    #[test]
    fn placeholders_are_left_out_where_they_are_for_new_records() {
        assert_eq!(
            update("Lead", "{}", Placeholders::OnCreate),
            r#"{"City":"Berlin","Email":"a@b.c","LastName":"Doe","Rating":"Hot","plan__c":1}"#
        );
    }

    #[test]
    fn a_contact_gets_what_its_table_reads_from_the_same_traits_and_custom_fields() {
        assert_eq!(
            update("Contact", "{}", Placeholders::Always),
            r#"{"MailingCity":"Berlin","Email":"a@b.c","LastName":"Doe","plan__c":1}"#
        );
    }

    #[test]
    fn where_the_mapping_is_off_a_contact_too_gets_the_fields_as_they_are() {
        let off = r#"{"mapProperties":false}"#;
        assert_eq!(update("Contact", off, Placeholders::Always), LEAD);
    }
}
