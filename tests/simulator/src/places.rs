//! State and country picklists: the countries and states that addresses may name, by label or by code.

use serde_json::Value;

use super::{
    FieldSpec, FieldType, PicklistValue, Refusal, record::Record, refusal::FieldName,
    schema::Object,
};

/// A country, with its states.
///
/// ```
/// use salesforce_simulator::{Country, Simulator};
///
/// let org = Simulator::builder()
///     .state_country_picklists([
///         Country::new("US", "United States").state("CA", "California"),
///         Country::new("DE", "Germany"),
///     ])
///     .build();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Country {
    code: String,
    label: String,
    states: Vec<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    code: String,
    label: String,
}

impl Country {
    /// A country of this ISO code and label.
    pub fn new(code: &str, label: &str) -> Self {
        Self {
            code: code.into(),
            label: label.into(),
            states: Vec::new(),
        }
    }

    /// The country with one more state.
    pub fn state(mut self, code: &str, label: &str) -> Self {
        self.states.push(Place {
            code: code.into(),
            label: label.into(),
        });
        self
    }
}

/// The countries of an org whose addresses are picklists.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Country>);

/// The names of the four fields of an address that count.
struct Address {
    country: String,
    country_code: String,
    state: String,
    state_code: String,
}

impl Places {
    pub(super) fn new(countries: impl IntoIterator<Item = Country>) -> Self {
        Self(countries.into_iter().collect())
    }

    /// The fields for the codes, which an address of an object gets when the picklists are switched on.
    pub(super) fn code_fields(&self, object: &Object) -> Vec<FieldSpec> {
        let field = |name: String, compound: &str, values: Vec<PicklistValue>| {
            FieldSpec::new(&name, FieldType::Picklist)
                .length(10)
                .picklist(values)
                .restricted()
                .part_of(compound)
        };
        let countries = self.0.iter();
        let countries: Vec<PicklistValue> = countries
            .map(|country| PicklistValue::new(&country.code).labelled(&country.label))
            .collect();
        let mut fields = Vec::new();
        for (prefix, compound) in prefixes(object) {
            let address = Address::of(&prefix);
            let state_code = field(address.state_code, &compound, self.states());
            fields.push(state_code.controlled_by(&address.country_code));
            fields.push(field(address.country_code, &compound, countries.clone()));
        }
        fields
    }

    /// The states of all countries, each valid for its country.
    fn states(&self) -> Vec<PicklistValue> {
        let countries = self.0.iter().enumerate();
        let states = countries.flat_map(|(position, country)| {
            country.states.iter().map(move |state| {
                PicklistValue::new(&state.code)
                    .labelled(&state.label)
                    .valid_for(&[position])
            })
        });
        states.collect()
    }

    /// Refuses changes whose states and countries are not those of the org, and completes labels by codes and codes by
    /// labels; `stored` is the record that is changed.
    pub(super) fn complete(
        &self,
        object: &Object,
        changes: &mut Record,
        stored: Option<&Record>,
    ) -> Result<(), Refusal> {
        for (prefix, _) in prefixes(object) {
            let address = Address::of(&prefix);
            if address.is_touched(changes) {
                let country = self.country(object, &address, changes, stored)?;
                address.set_country(changes, country);
                state(object, &address, changes, stored, country)?;
            }
        }
        Ok(())
    }

    /// The country that the record has after the changes.
    fn country(
        &self,
        object: &Object,
        address: &Address,
        changes: &Record,
        stored: Option<&Record>,
    ) -> Result<Option<&Country>, Refusal> {
        let by_code = |code: &str| self.0.iter().find(|country| country.code == code);
        if let Some(code) = text(changes, &address.country_code) {
            return Ok(by_code(code));
        }
        if let Some(label) = text(changes, &address.country) {
            let country = self.0.iter().find(|country| country.label == label);
            return match country {
                Some(country) => Ok(Some(country)),
                None => Err(Refusal::NoSuchCountry(name(object, &address.country))),
            };
        }
        let is_emptied = [&address.country, &address.country_code]
            .into_iter()
            .any(|field| changes.contains_key(field));
        let stored = stored.filter(|_| !is_emptied);
        Ok(stored
            .and_then(|stored| text(stored, &address.country_code))
            .and_then(by_code))
    }
}

/// Completes the state, which is one of the country's.
fn state(
    object: &Object,
    address: &Address,
    changes: &mut Record,
    stored: Option<&Record>,
    country: Option<&Country>,
) -> Result<(), Refusal> {
    let is_emptied = [&address.state, &address.state_code]
        .into_iter()
        .any(|field| changes.contains_key(field));
    let stored = stored.filter(|_| !is_emptied);
    let kept = stored.and_then(|stored| text(stored, &address.state_code));
    let code = text(changes, &address.state_code).or(kept);
    let label = text(changes, &address.state);
    let field = if code.is_some() {
        &address.state_code
    } else {
        &address.state
    };
    if code.is_none() && label.is_none() {
        if is_emptied {
            address.set_state(changes, None);
        }
        return Ok(());
    }
    let country = country.ok_or_else(|| Refusal::StateWithoutCountry(name(object, field)))?;
    let is_meant =
        |state: &&Place| code.map_or(label == Some(&state.label), |code| state.code == code);
    let state = country.states.iter().find(is_meant);
    let refusal = |field| match code {
        Some(_) => Refusal::StateOfOtherCountry(field),
        None => Refusal::NoSuchState(field),
    };
    let state = state.ok_or_else(|| refusal(name(object, field)))?;
    address.set_state(changes, Some(state));
    Ok(())
}

impl Address {
    fn of(prefix: &str) -> Self {
        let named = |name| format!("{prefix}{name}");
        Self {
            country: named("Country"),
            country_code: named("CountryCode"),
            state: named("State"),
            state_code: named("StateCode"),
        }
    }

    fn is_touched(&self, changes: &Record) -> bool {
        [
            &self.country,
            &self.country_code,
            &self.state,
            &self.state_code,
        ]
        .into_iter()
        .any(|field| changes.contains_key(field))
    }

    fn set_country(&self, changes: &mut Record, country: Option<&Country>) {
        let place = country.map(|country| (&country.label, &country.code));
        set(changes, (&self.country, &self.country_code), place);
    }

    fn set_state(&self, changes: &mut Record, state: Option<&Place>) {
        let place = state.map(|state| (&state.label, &state.code));
        set(changes, (&self.state, &self.state_code), place);
    }
}

fn set(changes: &mut Record, (label, code): (&String, &String), place: Option<(&String, &String)>) {
    let value = |text: Option<&String>| text.map_or(Value::Null, |text| text.as_str().into());
    changes.insert(label.clone(), value(place.map(|(label, _)| label)));
    changes.insert(code.clone(), value(place.map(|(_, code)| code)));
}

/// The addresses of an object: the beginning of their fields' names, and the compound field.
fn prefixes(object: &Object) -> Vec<(String, String)> {
    let fields = object.fields.iter();
    let addresses = fields.filter(|field| field.kind == FieldType::Address);
    addresses
        .filter_map(|field| {
            let prefix = field.name.strip_suffix("Address")?;
            Some((prefix.to_owned(), field.name.clone()))
        })
        .collect()
}

fn text<'a>(record: &'a Record, field: &str) -> Option<&'a str> {
    record.get(field)?.as_str()
}

fn name(object: &Object, field: &str) -> FieldName {
    object.field(field).map_or_else(
        || FieldName {
            name: field.into(),
            label: field.into(),
        },
        FieldName::of,
    )
}
