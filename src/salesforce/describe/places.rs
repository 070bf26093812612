//! Addresses of orgs with State and Country/Territory Picklists: for each code field, such as `MailingStateCode`, there is a field
//! for the name, `MailingState`, and both take only what is in the code field's list.

use super::field::{FieldDescription, FieldType, PlacePart};

/// The fields of one address, by their positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AddressLists {
    /// The state.
    pub state: PlaceFields,
    /// The country.
    pub country: PlaceFields,
}

/// The two fields of a state or a country, by their positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlaceFields {
    /// The field for its code.
    pub code: Option<u16>,
    /// The field for its name.
    pub name: Option<u16>,
}

/// The suffix of codes.
const CODE: &str = "Code";

/// The maximum number of addresses of an object that are known.
const MAX_ADDRESSES: usize = 64;

/// Finds the addresses of an object, and tells their fields what they mean.
pub(super) fn find(fields: &mut [FieldDescription]) -> Box<[AddressLists]> {
    let codes: Vec<Box<str>> = fields
        .iter()
        .filter(|field| field.kind == FieldType::Picklist && field.picklist.is_some())
        .map(|field| field.name.clone())
        .collect();
    let prefixes = codes
        .iter()
        .filter_map(|name| name.strip_suffix("CountryCode"));
    let addresses = prefixes
        .take(MAX_ADDRESSES)
        .enumerate()
        .map(|(address, prefix)| {
            let mut both = |place: &str, is_state: bool| {
                let code = format!("{prefix}{place}{CODE}");
                if !codes.iter().any(|known| **known == *code) {
                    return PlaceFields::default();
                }
                let mut part = |name: &str, is_code: bool| {
                    let field = fields.iter_mut().find(|field| *field.name == *name)?;
                    field.place = Some(PlacePart {
                        address: u8::try_from(address).unwrap_or(u8::MAX),
                        is_state,
                        is_code,
                    });
                    Some(field.index)
                };
                PlaceFields {
                    code: part(&code, true),
                    name: part(&format!("{prefix}{place}"), false),
                }
            };
            AddressLists {
                state: both("State", true),
                country: both("Country", false),
            }
        });
    addresses.collect()
}
