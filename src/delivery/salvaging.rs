//! Sends records again that Salesforce has refused because of single fields, without these fields (rule `salvage`).

use std::sync::Arc;

use super::{
    salvage::{Contradictions, MAX_SALVAGES, RefusedRecord},
    worker::{UnitWrite, Worker},
};
use crate::{
    json::Document,
    salesforce::{Fault, Found, Key, RecordWrite, fault::RefusedField},
    transform::{changes::NotedChanges, refused::Refused, resolve::resolve},
};

impl<'f> Worker<'f> {
    /// Whether the destination's policy is to send a refused record again without the refused fields.
    fn salvages(&self, write: &UnitWrite<'_, '_>) -> bool {
        let destination = &self.units[write.units[0]].job.destination.id;
        *self.deliveries.policies.salvage.of(destination)
    }

    /// What refusals have shown about a unit.
    pub(super) fn known_refusals(&self, unit: usize) -> Option<Arc<Refused>> {
        let salvage = self.salvages.get(&unit);
        salvage.map(|salvage| Arc::clone(&salvage.refused))
    }

    /// Whether the fields of a write are fitted to the description of its object once more if Salesforce cannot read a value.
    pub(super) fn may_be_fitted(&self, write: &UnitWrite<'_, '_>) -> bool {
        let must_fit = |unit| {
            self.salvages
                .get(unit)
                .is_some_and(|it| it.refused.must_fit)
        };
        self.salvages(write) && !write.units.iter().all(must_fit)
    }

    /// Keeps the units of a refused write pending if it may succeed without some of its fields. `is_whole` tells whether Salesforce
    /// has refused the whole collection because of one of its records, which may be another. Returns whether they are pending.
    pub(super) fn salvage(
        &mut self,
        write: &UnitWrite<'_, 'f>,
        (sent, is_whole): (&RecordWrite<'_>, bool),
        fault: &Fault,
        found: &Found,
        contradictions: &mut Contradictions,
    ) -> bool {
        let target = &write.resolved.target;
        let refused = self.refused_fields(write, sent, fault, found);
        if let Some(refused) = &refused {
            contradictions.note(&target.object, target.address.effect(), refused);
            for unit in &write.units {
                let salvage = self.salvages.entry(*unit).or_default();
                salvage.times += 1;
                let left_out = Arc::make_mut(&mut salvage.refused);
                for field in refused {
                    left_out.add(&target.object, &field.name);
                }
            }
        }
        let may_be_fitted = self.may_be_fitted(write);
        if may_be_fitted && (is_whole || fault.is_about_an_unreadable_value()) {
            contradictions.unreadable.insert(target.object.to_string());
            for unit in &write.units {
                let salvage = self.salvages.entry(*unit).or_default();
                Arc::make_mut(&mut salvage.refused).must_fit = true;
            }
            return true;
        }
        is_whole || refused.is_some()
    }

    /// The fields without which a refused write is sent again.
    fn refused_fields(
        &self,
        write: &UnitWrite<'_, 'f>,
        sent: &RecordWrite<'_>,
        fault: &Fault,
        found: &Found,
    ) -> Option<Vec<RefusedField>> {
        let times = |unit| self.salvages.get(unit).map_or(0, |salvage| salvage.times);
        let is_last = write.units.iter().any(|unit| times(unit) >= MAX_SALVAGES);
        if is_last || !self.salvages(write) {
            return None;
        }
        let sent = Document::read(sent.json()?).ok()?;
        let record = RefusedRecord {
            sent: sent.root().as_object()?,
            key: self.key(write.units[0]).map(Key::field),
            description: found.description(&write.resolved.target.object),
        };
        record.left_out(fault)
    }

    /// Tells the descriptions of the org what its refusals say. Descriptions that decide what is sent again are waited for.
    pub(super) async fn learn(&mut self, contradictions: Contradictions) {
        let (salesforce, access) = (&self.deliveries.salesforce, &self.access);
        let user = salesforce.creator(Some(&access.credentials), &access.session);
        for (object, effect, field) in &contradictions.fields {
            salesforce
                .refuses_field(&user, &access.session, (object, *effect), field)
                .await;
        }
        for object in &contradictions.unreadable {
            let described = salesforce.describe_again(&access.credentials, &access.session, object);
            self.found.describe(described.await);
        }
    }

    /// What was changed in the event of a unit that was written. Of merged events, each has its own changes.
    pub(super) fn changes(
        &self,
        write: &UnitWrite<'_, 'f>,
        unit: usize,
        found: &Found,
    ) -> NotedChanges {
        let all = &write.resolved.fields.changes;
        if write.units.len() == 1 || all.is_empty() {
            return all.noted();
        }
        self.own_changes(unit, found).unwrap_or_else(|| all.noted())
    }

    /// What is changed in the event of a unit, whether or not the record has its values already. `None` if it cannot be written
    /// on its own.
    pub(super) fn own_changes(&self, unit: usize, found: &Found) -> Option<NotedChanges> {
        let (event, rules) = (self.unresolved(unit), self.deliveries.rules());
        let own = resolve(&event, [], found, rules, None, None).ok()?;
        Some(own.fields.changes.noted())
    }
}
