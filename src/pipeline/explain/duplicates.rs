//! What the org's duplicate rules would find for new records.

use super::super::{Pipeline, lookups::OrgAnswer};
use crate::{
    salesforce::inspect::{FoundDuplicates, FoundMatch},
    transform::{
        explanation::{Explanation, PolicyExplanation},
        rule::Rule,
    },
};

/// How many ids an explanation lists.
const MAX_IDS: usize = 5;

impl Pipeline {
    /// Adds to each new record of an event what the duplicate rules would find.
    pub(super) async fn add_duplicates(&self, explanation: &mut Explanation, org: &OrgAnswer) {
        let Ok(asked) = org.asked() else { return };
        let records = explanation.records.iter_mut();
        for case in records.flat_map(|record| &mut record.cases) {
            let (Some(target), Some(request)) = (&case.target, &case.request) else {
                continue;
            };
            let Some(fields) = request
                .body
                .as_ref()
                .filter(|_| target.operation == "create")
            else {
                continue;
            };
            let found = self
                .salesforce
                .duplicates_of(&asked.session, &target.object, fields);
            let effect = match found.await {
                Ok(found) => said(&found),
                Err(fault) => format!("the duplicate rules could not be asked: {fault}"),
            };
            case.policies.push(PolicyExplanation {
                rule: Some(Rule::DuplicateRules),
                setting: "POST /ui-api/predupe".to_owned(),
                effect,
            });
        }
    }
}

fn said(found: &FoundDuplicates) -> String {
    if !found.duplicate_error {
        return "no duplicate rule of the org finds such a record".to_owned();
    }
    let rules = found.duplicate_rules.join(", ");
    let ids = found.matches.iter().flat_map(
        |FoundMatch {
             api_name,
             match_record_ids,
         }| {
            match_record_ids
                .iter()
                .map(move |id| format!("{api_name} {id}"))
        },
    );
    let ids: Vec<String> = ids.take(MAX_IDS).collect();
    let saves = if found.allow_save {
        "DUPLICATES=save would save it"
    } else {
        "it blocks the record"
    };
    format!(
        "the duplicate rule {rules} finds {}; {saves}",
        ids.join(", ")
    )
}
