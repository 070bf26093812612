//! Turns a write into an update of the record that its events are written to now: what a lookup finds, or what a duplicate
//! rule has found.

use std::{borrow::Cow, sync::Arc};

use super::{DeliveryOutcome, Failure, ProxyDelivery};
use crate::{
    salesforce::{
        Fault, Found, Key, Row,
        delivery::{Answered, Write},
        fault::Disposition,
        headers::WriteHeaders,
        operation::Operation,
    },
    transform::{
        mapping,
        plan::Record,
        target::{self, Target},
    },
};

impl ProxyDelivery<'_, '_> {
    /// Sends a refused write to the record that is found now. If there is no other record, the refusal stands.
    pub(super) async fn send_elsewhere(
        &mut self,
        write: &mut Write<'_>,
        record: &Record<'_>,
        refused: Answered,
    ) -> DeliveryOutcome {
        match self.redirect(write, record).await {
            Ok(true) => self.send_redirected(write).await,
            Err(Failure::Lookup(fault)) if fault.disposition() != Disposition::Abort => {
                self.outcome(Some(write), refused.answer, Some(Failure::Lookup(fault)))
            }
            Ok(false) | Err(_) => self.answered(write, refused),
        }
    }

    pub(super) async fn send_redirected(&mut self, write: &mut Write<'_>) -> DeliveryOutcome {
        match self.send(write).await {
            Ok(answered) => self.answered(write, answered),
            Err(failure) => self.outcome(Some(write), None, Some(failure)),
        }
    }

    /// Looks up a record and turns the write into an update of the one that its events are written to now. Returns whether the
    /// write has changed.
    pub(super) async fn redirect(
        &mut self,
        write: &mut Write<'_>,
        record: &Record<'_>,
    ) -> Result<bool, Failure> {
        let Some(key) = record.key() else {
            return Ok(false);
        };
        let Some(found) = self.look_up(write, key).await? else {
            return Ok(false);
        };
        let rules = (&self.proxy.rules, &*self.proxy.policies);
        let target = target::settle(record, None, &found, &self.destination, rules);
        let target = target.map_err(Failure::Target)?;
        let is_known = matches!(write.operation(), Operation::Update { object, id }
            if target.record() == Some(target::RecordId::new(object, id)));
        Ok(!is_known && self.update(write, &target, record).is_some())
    }

    /// If the destination's policy is to update duplicates, turns a create that a duplicate rule refused into an update of the
    /// record that the rule found, and remembers the record for the event's key. `None` if the write stays as it is.
    pub(super) fn redirect_to_duplicate(
        &mut self,
        write: &mut Write<'_>,
        fault: Option<&Fault>,
    ) -> Option<()> {
        let found = fault?.only_duplicate()?;
        let Operation::Create { object } = write.operation() else {
            return None;
        };
        let row = Row::matched(found.object.clone(), found.id.clone());
        let named = || Record::Named {
            object: Cow::Owned(object.clone()),
            id: None,
        };
        let record = self.created_record(write).unwrap_or_else(named);
        let (destination, policies) = (&self.destination, &self.proxy.policies);
        let target = target::of_duplicate(&record, &row, destination, policies)?;
        if let (Some(key), Some(session)) = (record.key(), write.session()) {
            let (salesforce, credentials) = (&self.proxy.salesforce, self.credentials.as_ref());
            salesforce.remember_duplicate(credentials, &session, key, &row);
        }
        self.update(write, &target, &record)?;
        self.is_duplicate = true;
        Some(())
    }

    /// Turns a write into an update of another record, which stands for `record`; `None` if it cannot be one.
    pub(super) fn update(
        &self,
        write: &mut Write<'_>,
        target: &Target<'_>,
        record: &Record<'_>,
    ) -> Option<()> {
        let (destination, rules) = (&self.destination, &self.proxy.rules);
        let id = target.address.id()?;
        let json = write.json()?;
        let fields = json.root().as_members()?;
        let kept = target
            .is_duplicate
            .then(|| mapping::kept_by_duplicate(record));
        let fields = mapping::as_update(&fields, &target.object, kept, destination, rules);
        drop(json);
        write.redirect((&target.object, id), fields, rules.update_method);
        self.add_headers(write);
        Some(())
    }

    /// Adds the headers that the destination's policies require. A stored descriptor may be older than the policies.
    pub(super) fn add_headers(&self, write: &mut Write<'_>) {
        let (policies, id) = (&self.proxy.policies, &self.destination.id);
        if let Some(headers) = WriteHeaders::of_operation(policies, id, write.operation()) {
            write.add_headers(&headers);
        }
    }

    /// Looks up a record; `None` if there is no session to look it up with.
    async fn look_up(
        &mut self,
        write: &mut Write<'_>,
        key: &Key,
    ) -> Result<Option<Found>, Failure> {
        // Without a session there is no lookup: the write itself will report what is wrong.
        while let Some(session) = write.session() {
            let salesforce = &self.proxy.salesforce;
            let credentials = self.credentials.as_ref();
            let session = Arc::new(session);
            let found = salesforce.look_up(credentials, &session, key).await;
            if !(found.expiry().is_some() && self.renew(write).await) {
                found.rows(key).map_err(Failure::Lookup)?;
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
