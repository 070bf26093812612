//! Assigns the records that a lookup has found to the keys that requested them.

use std::{borrow::Cow, collections::HashMap, hash::BuildHasherDefault, sync::Arc};

use smallvec::SmallVec;

use crate::salesforce::{
    address::Effect,
    by_key::ByKey,
    describe::{Descriptions, ObjectDescription},
    external_id::ExternalIds,
    fault::{Disposition, Fault, OrgState},
    form::Form,
    key::Key,
    literal::{FoundValue, lower},
    page::{Row, is_about_a_value},
    soql::{Query, Wanted},
};

/// The records found, by key.
#[derive(Debug, Default)]
pub struct Found {
    results: ByKey<KeyResult>,
    /// The fields by which the records of all other keys are upserted.
    external_ids: ExternalIds,
    /// The descriptions of the objects that are written.
    descriptions: Descriptions,
}

/// What a lookup might have answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supposition {
    /// It finds no record.
    None,
    /// It finds one record.
    One,
    /// The field is a unique external id, so that nothing is looked up.
    ExternalId,
}

/// What stands for the id of a record that was not asked for.
pub(crate) const UNKNOWN_ID: &str = "RECORD_ID";

/// The records of a key, or the reason why they are not known.
pub(super) type KeyResult = Result<Arc<[Row]>, Arc<Fault>>;

impl Found {
    /// Stores the result of a query. A failed query fails only its own keys.
    ///
    /// Returns groups of keys that have to be requested again, for two reasons. Each record must be known to belong to
    /// its key: Salesforce treats some values as equal that are different here, such as two spellings of one letter,
    /// and a record that is overlooked would be written twice. And a value that Salesforce does not understand must
    /// fail only its own key.
    #[must_use]
    pub(super) fn add(
        &mut self,
        query: &Query,
        answer: Result<Vec<Row>, Fault>,
    ) -> Vec<Vec<Wanted>> {
        match (answer, query.wanted.as_slice()) {
            (Ok(rows), [only]) if rows.iter().all(|row| may_answer(row, &only.key)) => {
                self.set(&only.key, Ok(rows.into()));
            }
            (Ok(_), [only]) => {
                self.fail(
                    &only.key,
                    Fault::unreadable("it holds a record that was not asked for"),
                );
            }
            (Ok(rows), wanted) => match assigned(wanted, query.form, rows) {
                Some(found) => {
                    for (wanted, rows) in wanted.iter().zip(found) {
                        self.set(&wanted.key, Ok(rows));
                    }
                }
                None => return apart(wanted, query.form),
            },
            (Err(Fault::Refused(refusal)), wanted @ [_, _, ..]) if is_about_a_value(&refusal) => {
                let (first, second) = wanted.split_at(wanted.len() / 2);
                return vec![first.to_vec(), second.to_vec()];
            }
            (Err(fault), wanted) => {
                let fault = Arc::new(hidden_lead(fault, wanted));
                for wanted in wanted {
                    self.set(&wanted.key, Err(Arc::clone(&fault)));
                }
            }
        }
        Vec::new()
    }

    /// Stores the result of a key.
    pub(super) fn set(&mut self, key: &Key, answer: KeyResult) {
        self.results.insert(key.clone(), answer);
    }

    /// Stores the fault of a key whose records are not known.
    pub(super) fn fail(&mut self, key: &Key, fault: Fault) {
        self.set(key, Err(Arc::new(fault)));
    }

    /// The result of a key.
    pub(super) fn answer(&self, key: &Key) -> KeyResult {
        let answer = self.results.get(key).cloned();
        answer.unwrap_or_else(|| Err(Arc::new(Fault::unreadable("the record was not asked for"))))
    }

    /// Creates an empty result with capacity for `keys` keys.
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self {
            results: ByKey::with_capacity_and_hasher(keys, BuildHasherDefault::default()),
            external_ids: ExternalIds::default(),
            descriptions: Descriptions::default(),
        }
    }

    /// Adds the results of a later lookup, which take precedence.
    pub(crate) fn extend(&mut self, later: Self) {
        if self.results.is_empty() {
            self.results = later.results;
        } else {
            self.results.extend(later.results);
        }
        self.external_ids.extend(later.external_ids);
        self.describe(later.descriptions);
    }

    /// Adds the descriptions of objects. They take the place of earlier ones.
    pub(crate) fn describe(&mut self, descriptions: Descriptions) {
        self.descriptions.extend(descriptions);
    }

    /// The description of an object; `None` if it is not known.
    #[must_use]
    pub(crate) fn description(&self, object: &str) -> Option<&ObjectDescription> {
        self.descriptions.of(object)
    }

    /// The fields that are left out of a write with this effect, because Salesforce has refused them again and again.
    pub(crate) fn refused(&self, object: &str, effect: Effect) -> &[Box<str>] {
        self.descriptions.refused(object, effect)
    }

    /// Notes the fields whose keys were not looked up, because records are upserted by them.
    pub(super) fn identified_by(&mut self, external_ids: ExternalIds) {
        self.external_ids.extend(external_ids);
    }

    /// Whether the record of this key is upserted by the key, without having been looked up.
    #[must_use]
    pub(crate) fn is_external_id(&self, key: &Key) -> bool {
        self.external_ids.contains(key) && !self.results.contains_key(key)
    }

    /// What a lookup of this key might have answered, for an explanation that asks nothing.
    #[must_use]
    pub(crate) fn supposing(key: &Key, supposition: Supposition) -> Self {
        let mut found = Self::default();
        match supposition {
            Supposition::None => found.set(key, Ok([].into())),
            Supposition::One => found.created(key, UNKNOWN_ID.to_owned()),
            Supposition::ExternalId => found.identified_by(ExternalIds::of(key)),
        }
        found
    }

    /// Adds the record that was created for a key.
    pub(crate) fn created(&mut self, key: &Key, id: String) {
        self.set(key, Ok([Row::created(id)].into()));
    }

    /// Adds the record that a duplicate rule found when it refused a create for a key.
    pub(crate) fn matched(&mut self, key: &Key, row: Row) {
        self.set(key, Ok([row].into()));
    }

    /// The record that a duplicate rule has found for a key that no lookup has found.
    #[must_use]
    pub fn duplicate(&self, key: &Key) -> Option<&Row> {
        let rows = self.results.get(key)?.as_ref().ok()?;
        rows.first().filter(|row| row.matched_as.is_some())
    }

    /// The records of this key that a lookup has found, in Salesforce's order.
    ///
    /// # Errors
    /// The fault of the query for this key.
    pub fn rows(&self, key: &Key) -> Result<&[Row], Arc<Fault>> {
        match self.results.get(key) {
            Some(Ok(_)) if self.duplicate(key).is_some() => Ok(&[]),
            Some(Ok(rows)) => Ok(rows),
            Some(Err(fault)) => Err(Arc::clone(fault)),
            None => Err(Arc::new(Fault::unreadable("the record was not asked for"))),
        }
    }

    /// The result of a query for one key.
    pub(crate) fn of(key: &Key, rows: Vec<Row>) -> Self {
        let mut found = Self::default();
        found.set(key, Ok(rows.into()));
        found
    }

    /// The fault of one of the queries, if any.
    #[must_use]
    pub fn first_fault(&self) -> Option<&Fault> {
        self.results
            .values()
            .find_map(|found| found.as_ref().err())
            .map(|fault| &**fault)
    }

    /// The fault that reports an expired session, if any.
    pub(crate) fn expiry(&self) -> Option<Arc<Fault>> {
        let mut faults = self
            .results
            .values()
            .filter_map(|found| found.as_ref().err());
        faults
            .find(|fault| fault.disposition() == Disposition::Refresh)
            .cloned()
    }
}

/// Reinterprets a refusal that denies the existence of leads or their e-mail field. Every org has them, so the
/// integration user lacks the permission to see them, and no event is the cause.
fn hidden_lead(fault: Fault, wanted: &[Wanted]) -> Fault {
    let is_lead = wanted.first().is_some_and(|wanted| wanted.key.is_lead());
    if let Fault::Refused(refusal) = &fault
        && is_lead
        && matches!(refusal.code.as_str(), "INVALID_TYPE" | "INVALID_FIELD")
    {
        return Fault::Waiting(refusal.clone(), OrgState::Permission);
    }
    fault
}

/// Whether a record may belong to a key. For an identifier, Salesforce's own comparison decides. An e-mail of ASCII
/// letters is also compared here, so that a record is never attributed to another person.
fn may_answer(row: &Row, key: &Key) -> bool {
    let value = key.folded_value();
    let found_by = row.found_by.as_ref();
    let ours_to_tell =
        key.is_lead() && value.is_ascii() && found_by.is_none_or(FoundValue::is_ascii);
    !ours_to_tell || found_by.is_some_and(|found| found.forms().any(|form| form == value))
}

/// Splits keys whose records cannot be told apart into groups to be requested again. A key that another one may be
/// equal to forms a group by itself, and the remaining keys form one group. If there are no such keys, the list is
/// halved.
fn apart(wanted: &[Wanted], form: Option<Form>) -> Vec<Vec<Wanted>> {
    let answered_as = wanted.iter().map(|wanted| wanted.key.answered_as(form));
    let names: Vec<String> = answered_as.map(|name| name.to_ascii_lowercase()).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in &names {
        *counts.entry(name).or_default() += 1;
    }
    let is_unique = |name: &String| counts.get(name.as_str()) == Some(&1);
    let of = |unique: bool| {
        wanted
            .iter()
            .zip(&names)
            .filter(move |(_, name)| is_unique(name) == unique)
            .map(|(wanted, _)| wanted.clone())
    };
    let alike: Vec<Vec<Wanted>> = of(false).map(|wanted| vec![wanted]).collect();
    if alike.is_empty() {
        let (first, second) = wanted.split_at(wanted.len() / 2);
        return vec![first.to_vec(), second.to_vec()];
    }
    let others: Vec<Wanted> = of(true).collect();
    let others = (!others.is_empty()).then_some(others);
    alike.into_iter().chain(others).collect()
}

/// Assigns each record to the key that requested it. Returns `None` if a record belongs to none of the keys, or if two
/// keys differ only in letter case: whether those are equal depends on the field.
fn assigned(wanted: &[Wanted], form: Option<Form>, rows: Vec<Row>) -> Option<Vec<Arc<[Row]>>> {
    let answered_as = wanted.iter().map(|wanted| wanted.key.answered_as(form));
    let answered_as: Vec<Cow<'_, str>> = answered_as.collect();
    let mut positions = HashMap::with_capacity(wanted.len());
    for (position, form) in answered_as.iter().enumerate() {
        if positions.insert(lower(form), position).is_some() {
            return None;
        }
    }
    let position_of = |form: Cow<'_, str>| {
        let position = *positions.get(&lower(&form))?;
        (answered_as[position] == form).then_some(position)
    };
    let mut found: Vec<SmallVec<[Row; 1]>> = vec![SmallVec::new(); wanted.len()];
    for row in rows {
        let position = row.found_by.as_ref()?.forms().find_map(position_of)?;
        found[position].push(row);
    }
    Some(found.into_iter().map(shared).collect())
}

fn shared(rows: SmallVec<[Row; 1]>) -> Arc<[Row]> {
    match rows.into_inner() {
        Ok(only) => Arc::new(only),
        Err(rows) => rows.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
