//! Which records somebody else is about to create (rule `one-create`).

use std::collections::HashMap;

use super::{super::Pipeline, OrgView, Tally};
use crate::{
    salesforce::{Key, creates::CreateKey},
    transform::{
        explanation::{Explanation, PolicyExplanation, TargetExplanation},
        rule::Rule,
    },
};

impl Pipeline {
    /// Adds to each record that would be created whether another event is creating it.
    pub(super) async fn add_creates(
        &self,
        explanations: &mut [Explanation],
        tally: &Tally,
        views: &[OrgView<'_>],
    ) {
        self.add_repeated(explanations, tally);
        for (event, org, key) in tally.creations() {
            let OrgView::Asked(org) = &views[org] else {
                continue;
            };
            let Ok(asked) = org.asked() else { continue };
            let user = self
                .salesforce
                .creator(Some(&org.credentials), &asked.session);
            let create = CreateKey::new(user, key.clone());
            if !self.salesforce.creates().is_under_way(&create).await {
                continue;
            }
            let effect = "another event is creating this record at the moment: from the router, this one would come again (500)";
            add(&mut explanations[event], key, effect);
        }
    }

    /// Adds to each record that an earlier event of the batch would create, too, which event that is.
    fn add_repeated(&self, explanations: &mut [Explanation], tally: &Tally) {
        if !self.rules.coalesce {
            return;
        }
        let mut creators = HashMap::new();
        for (event, org, key) in tally.creations() {
            // An event that writes several records shares no request.
            if explanations[event].records.len() != 1 {
                continue;
            }
            let first = *creators.entry((org, key)).or_insert(event);
            if first != event {
                let earlier = explanations[first].message_id.as_deref();
                let earlier = earlier.map_or_else(
                    || "an earlier event of the batch".to_owned(),
                    |id| format!("event {id}, before this one,"),
                );
                let effect = format!(
                    "{earlier} creates the same record: from the router, this one shares its request, or comes again (500)"
                );
                add(&mut explanations[event], key, &effect);
            }
        }
    }
}

/// Adds to the records with a key what it means that somebody else creates them.
fn add(explanation: &mut Explanation, key: &Key, effect: &str) {
    let records = explanation.records.iter_mut().filter(|record| {
        let of_record = record.key.as_ref();
        of_record.is_some_and(|of| of.field == key.field() && of.value == key.value())
    });
    let cases = records.flat_map(|record| &mut record.cases);
    let creates = |target: &TargetExplanation| target.operation == "create";
    for case in cases.filter(|case| case.target.as_ref().is_some_and(creates)) {
        case.policies.push(PolicyExplanation {
            rule: Some(Rule::OneCreate),
            setting: "CREATE_WINDOW".to_owned(),
            effect: effect.to_owned(),
        });
    }
}
