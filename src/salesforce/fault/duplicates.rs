//! The finding of a duplicate rule: its name, and the ids of the records. The contents of the records are not kept.

use std::fmt;

use serde_json::Value;

use crate::{salesforce::id::is_id, text::shortened};

/// The maximum number of ids that are kept.
const MAX_IDS: usize = 10;

/// The possible lengths of an id, in characters.
const ID_LENGTHS: [usize; 2] = [15, 18];

/// The existing records that a write would have duplicated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    /// The rule's name, shortened.
    pub rule: String,
    /// The records' ids.
    pub records: Vec<String>,
    /// The number of further records.
    pub more: usize,
}

impl Duplicates {
    /// Reads the member of an error that lists them; `None` if there is no usable content.
    pub(super) fn read(result: &Value) -> Option<Self> {
        let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
        let results = list(result, "matchResults");
        let records = results
            .iter()
            .flat_map(|result| list(result, "matchRecords"));
        let ids = records.filter_map(|record| Some(record["record"]["Id"].as_str()?.to_owned()));
        let mut ids = ids.filter(|id| ID_LENGTHS.contains(&id.len()) && is_id(id));
        let duplicates = Self {
            rule: shortened(result["duplicateRule"].as_str().unwrap_or_default()),
            records: ids.by_ref().take(MAX_IDS).collect(),
            more: ids.count(),
        };
        let tells = !duplicates.rule.is_empty() || !duplicates.records.is_empty();
        tells.then_some(duplicates)
    }
}

/// Displays them as a clause for the end of an error text.
impl fmt::Display for Duplicates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("; the duplicate rule")?;
        if !self.rule.is_empty() {
            write!(f, " {}", self.rule)?;
        }
        if self.records.is_empty() {
            return f.write_str(" refuses it");
        }
        write!(f, " finds {}", self.records.join(", "))?;
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
            "; the duplicate rule Lead_Rule finds 00Q5g00000AbCdEEAV"
        );
        let many: Vec<_> = (10..50)
            .map(|n| record(&format!("00Q5g00000000{n}")))
            .collect();
        let many = Duplicates::read(&found(json!(many))).unwrap();
        assert_eq!((many.records.len(), many.more), (10, 30));
        assert!(many.to_string().ends_with(" and 30 more"));
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
