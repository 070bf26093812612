//! Which records somebody else is about to create (rule `one-create`).

use super::{super::Pipeline, OrgView, Tally};
use crate::{
    salesforce::creates::CreateKey,
    transform::{
        explanation::{Explanation, PolicyExplanation, RecordExplanation},
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
            let is_of_key = |record: &&mut RecordExplanation| {
                let of_record = record.key.as_ref();
                of_record.is_some_and(|of| of.field == key.field() && of.value == key.value())
            };
            let records = explanations[event].records.iter_mut().filter(is_of_key);
            for case in records.flat_map(|record| &mut record.cases) {
                case.policies.push(PolicyExplanation {
                    rule: Some(Rule::OneCreate),
                    setting: "CREATE_WINDOW".to_owned(),
                    effect: "another event is creating this record at the moment: from the router, this one would come again (500)"
                        .to_owned(),
                });
            }
        }
    }
}
