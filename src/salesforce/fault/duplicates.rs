//! What Salesforce reports about a create that a duplicate rule refuses: the rule, and the ids of the existing records. The
//! content of the records is dropped.

use std::fmt;

use serde_json::Value;

use crate::{
    salesforce::{id::is_id, key::is_api_name},
    text::shortened,
};

/// The maximum number of records that an error text lists.
const MAX_RECORDS: usize = 10;

/// The confidence of an exact match, in per cent.
const SURE: f64 = 100.0;

/// The possible lengths of an id, in characters.
const ID_LENGTHS: [usize; 2] = [15, 18];

/// A duplicate rule and the existing records that it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// The rule's name, shortened.
    pub rule: String,
    /// The records, without repetition, at most [`MAX_RECORDS`].
    pub records: Vec<Duplicate>,
    /// The number of records beyond [`MAX_RECORDS`].
    pub more: usize,
}

/// An existing record that a duplicate rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The object's API name; empty if the response does not contain it.
    pub object: String,
    /// The record's id.
    pub id: String,
    /// Whether each matching rule that found it reports an exact match.
    pub is_sure: bool,
}

impl Duplicates {
    /// Reads `duplicateResult` of an error; `None` if it contains neither a rule nor a record.
    pub(super) fn read(result: &Value) -> Option<Self> {
        let mut duplicates = Self {
            rule: shortened(result["duplicateRule"].as_str().unwrap_or_default()),
            records: Vec::new(),
            more: 0,
        };
        for found in list(result, "matchResults") {
            for matched in list(found, "matchRecords") {
                match Duplicate::read(found, matched) {
                    Some(duplicate) => duplicates.add(duplicate),
                    // A match without a usable id still is a match, so that another one is not the only one.
                    None => duplicates.more += 1,
                }
            }
        }
        let tells = !duplicates.rule.is_empty() || !duplicates.records.is_empty();
        tells.then_some(duplicates)
    }

    fn add(&mut self, duplicate: Duplicate) {
        let is_full = self.records.len() >= MAX_RECORDS;
        let mut records = self.records.iter_mut();
        match records.find(|other| other.is_same(&duplicate)) {
            Some(known) => known.is_sure &= duplicate.is_sure,
            None if is_full => self.more += 1,
            None => self.records.push(duplicate),
        }
    }

    /// Adds what another duplicate rule found for the same record; `None` if its error does not say what.
    pub(super) fn join(&mut self, other: Option<Self>) {
        let Some(other) = other else {
            self.more += 1;
            return;
        };
        self.more += other.more;
        for duplicate in other.records {
            self.add(duplicate);
        }
    }

    /// The record, if it is the only one and an exact match.
    #[must_use]
    pub(super) fn only(&self) -> Option<&Duplicate> {
        match self.records.as_slice() {
            [only] if only.is_sure && !only.object.is_empty() && self.more == 0 => Some(only),
            [..] => None,
        }
    }
}

impl Duplicate {
    /// Reads a record of a matching rule's result; `None` if it has no id.
    fn read(result: &Value, matched: &Value) -> Option<Self> {
        let record = &matched["record"];
        let id = record["Id"]
            .as_str()
            .filter(|id| ID_LENGTHS.contains(&id.len()) && is_id(id))?;
        let objects = [&record["attributes"]["type"], &result["entityType"]];
        let object = objects.into_iter().find_map(Value::as_str);
        let confidence = matched["matchConfidence"].as_f64();
        Some(Self {
            object: object
                .filter(|name| is_api_name(name))
                .unwrap_or_default()
                .to_owned(),
            id: id.to_owned(),
            is_sure: confidence.is_some_and(|confidence| confidence >= SURE),
        })
    }

    /// Whether both are the same record. An id of 18 characters is one of 15 with a checksum of three.
    fn is_same(&self, other: &Self) -> bool {
        self.id.get(..15) == other.id.get(..15)
    }
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.object.as_str() {
            "" => f.write_str(&self.id),
            object => write!(f, "{object} {}", self.id),
        }
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// Formats them as a clause that ends an error text.
impl fmt::Display for Duplicates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("; the duplicate rule")?;
        if !self.rule.is_empty() {
            write!(f, " {}", self.rule)?;
        }
        if self.records.is_empty() {
            return f.write_str(" refuses it");
        }
        let records: Vec<String> = self.records.iter().map(ToString::to_string).collect();
        write!(f, " finds {}", records.join(", "))?;
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_rule_and_the_ids_are_told_and_nothing_else_of_the_records() {
        let record = |id: &str| json!({"matchConfidence": 100.0, "record": {"attributes": {"type": "Lead"}, "Id": id, "Email": "planted@example.com"}});
        let found = |records| json!({"duplicateRule": "Lead_Rule", "matchResults": [{"entityType": "Lead", "matchRecords": records}]});
        let one = Duplicates::read(&found(json!([record("00Q5g00000AbCdEEAV")]))).unwrap();
        assert_eq!(
            one.to_string(),
            "; the duplicate rule Lead_Rule finds Lead 00Q5g00000AbCdEEAV"
        );
        let many: Vec<_> = (10..50)
            .map(|n| record(&format!("00Q5g00000000{n}EA{n}")[..18]))
            .collect();
        let many = Duplicates::read(&found(json!(many))).unwrap();
        assert_eq!((many.records.len(), many.more), (10, 30));
        assert!(many.to_string().ends_with(" and 30 more"));
    }

    #[test]
    fn the_only_record_counts_if_all_rules_are_sure_of_it() {
        let found = |confidences: &[f64]| {
            let record = |confidence| json!({"matchConfidence": confidence, "record": {"attributes": {"type": "Lead"}, "Id": "00Q5g00000AbCdEEAV"}});
            let results = confidences.iter().map(
                |confidence| json!({"entityType": "Lead", "matchRecords": [record(confidence)]}),
            );
            let found = json!({"matchResults": results.collect::<Vec<_>>()});
            let found = Duplicates::read(&found).unwrap();
            found
                .only()
                .map(|only| (only.object.clone(), only.id.clone()))
        };
        let only = Some(("Lead".to_owned(), "00Q5g00000AbCdEEAV".to_owned()));
        assert_eq!(found(&[100.0]), only);
        assert_eq!(found(&[100.0, 100.0]), only);
        assert_eq!(found(&[100.0, 80.0]), None);
        let two = json!({"matchResults": [{"matchRecords": [
            {"matchConfidence": 100, "record": {"attributes": {"type": "Lead"}, "Id": "00Q5g00000AbCdE"}},
            {"matchConfidence": 100, "record": {"attributes": {"type": "Lead"}, "Id": "00Q5g00000AbCdF"}},
        ]}]});
        assert_eq!(Duplicates::read(&two).unwrap().only(), None);
    }

    #[test]
    fn a_match_without_a_usable_id_counts_so_that_the_other_is_not_the_only_one() {
        let sure = json!({"matchConfidence": 100, "record": {"attributes": {"type": "Lead"}, "Id": "00Q5g00000AbCdE"}});
        for unnamed in [
            json!(null),
            json!({}),
            json!({"record": {"Id": "x"}}),
            json!({"matchConfidence": 100, "record": {"attributes": {"type": "Lead"}}}),
        ] {
            let found = json!({"matchResults": [{"matchRecords": [sure, unnamed]}]});
            let found = Duplicates::read(&found).unwrap();
            assert_eq!((found.only(), found.more), (None, 1), "{unnamed}");
        }
    }

    #[test]
    fn another_shape_tells_nothing() {
        for other in [
            json!(null),
            json!([]),
            json!("x"),
            json!({"duplicateRule": 5, "matchResults": {}}),
            json!({"matchResults": [{"matchRecords": [{"record": {"Id": "ada@example.com"}}, null]}]}),
        ] {
            assert_eq!(Duplicates::read(&other), None, "{other}");
        }
        let long = json!({"duplicateRule": "r\n".repeat(10_000)});
        assert!(Duplicates::read(&long).unwrap().to_string().len() < 300);
    }
}
