//! What Salesforce's refusals teach about the fields of an object (rule `salvage`): a field that it refuses again and again,
//! although its description shows the field as writable, is left out for some time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Describes, field::FieldDescription, lock, object::ObjectDescription, state::MaxAge};
use crate::salesforce::{
    Salesforce,
    address::Effect,
    cache::OrgUser,
    learnt::Lesson,
    session::{Instance, Session},
};

/// The number of refusals after which a field is left out.
const MAX_REFUSALS: u8 = 3;

/// How long a refusal counts, and how long a field is left out after the last one.
const REMEMBERED: Duration = Duration::from_hours(1);

/// The maximum number of fields of one object that are remembered.
const MAX_FIELDS: usize = 100;

/// The refused fields of one object and user.
#[derive(Debug, Default)]
pub(super) struct Refusals(Vec<Refusal>);

#[derive(Debug)]
struct Refusal {
    /// The field's name as the description spells it.
    field: Box<str>,
    effect: Effect,
    times: u8,
    last: Instant,
}

/// The fields of an object that are left out of writes because Salesforce refuses them again and again, by what a write does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RefusedFields {
    created: Vec<Box<str>>,
    updated: Vec<Box<str>>,
    upserted: Vec<Box<str>>,
}

impl Refusals {
    /// Notes that Salesforce has refused a field with any value, at `at`.
    pub(super) fn note(&mut self, now: Instant, at: Instant, (field, effect): (&str, Effect)) {
        self.0.retain(|known| known.is_remembered(now));
        let is_same = |known: &Refusal| *known.field == *field && known.effect == effect;
        match self.0.iter().position(is_same) {
            Some(place) => {
                let known = &mut self.0[place];
                known.times = known.times.saturating_add(1);
                known.last = known.last.max(at);
            }
            None if self.0.len() < MAX_FIELDS => self.0.push(Refusal {
                field: field.into(),
                effect,
                times: 1,
                last: at,
            }),
            None => {}
        }
    }

    /// The fields that are left out now.
    fn left_out(&self, now: Instant) -> RefusedFields {
        let mut left_out = RefusedFields::default();
        let is_left_out =
            |known: &&Refusal| known.times >= MAX_REFUSALS && known.is_remembered(now);
        for known in self.0.iter().filter(is_left_out) {
            left_out.of_mut(known.effect).push(known.field.clone());
        }
        left_out
    }
}

impl ObjectDescription {
    /// The field of this name, if a refusal of it teaches anything: the description shows it as writable. Any other field is known to
    /// be refused.
    fn contradicted(&self, field: &str, effect: Effect) -> Option<&FieldDescription> {
        let field = self.field(field);
        field.filter(|field| field.is_written_by(effect))
    }
}

impl Describes {
    /// Notes that Salesforce has refused a field of an object to a user of any replica.
    pub(in crate::salesforce) fn refuses(
        &self,
        (org, user): (&Instance, u64),
        object: &str,
        (field, effect): (&str, Effect),
        at: Instant,
    ) {
        let refusals = self.org(org).refusals_mut(user, object);
        lock(&refusals).note(Instant::now(), at, (field, effect));
    }
}

impl Salesforce {
    /// Notes that Salesforce has refused a field of an object with any value, and reads the description of the object again,
    /// if there is one. Callers do not wait for it.
    pub(crate) async fn refuses_field(
        self: &Arc<Self>,
        user: &OrgUser,
        session: &Arc<Session>,
        (object, effect): (&str, Effect),
        field: &str,
    ) {
        let now = Instant::now();
        let Some(state) = self.describes.org(&user.org).known(user, object) else {
            return;
        };
        let field = {
            let mut state = lock(&state);
            let Some(description) = state.description(now, MaxAge::Any) else {
                return;
            };
            state.doubt(now);
            let field = description.contradicted(field, effect);
            field.map(|field| field.name.clone())
        };
        if let Some(field) = field {
            let of = (&user.org, self.shared_user(user));
            self.describes.refuses(of, object, (&field, effect), now);
            self.teach(&user.org, || Lesson::refused(of.1, object, &field, effect));
        }
        self.described(user, session, object, MaxAge::Any).await;
    }

    /// Describes an object that Salesforce has contradicted. Callers wait for a description that was read since.
    pub(super) async fn described_again(
        self: &Arc<Self>,
        user: &OrgUser,
        session: &Arc<Session>,
        object: &str,
    ) -> Option<Arc<ObjectDescription>> {
        let now = Instant::now();
        let state = self.describes.org(&user.org).object(user, object, now)?;
        let age = lock(&state).doubt(now);
        self.described(user, session, object, MaxAge::Confirmed(age))
            .await
    }

    /// The description of an object, if it is known already.
    #[must_use]
    pub(crate) fn known_description(
        &self,
        user: &OrgUser,
        object: &str,
    ) -> Option<Arc<ObjectDescription>> {
        let state = self.describes.org(&user.org).known(user, object)?;
        lock(&state).description(Instant::now(), MaxAge::Any)
    }

    /// The fields of an object that are left out of writes, because Salesforce has refused them again and again.
    pub(super) fn refused_fields(&self, user: &OrgUser, object: &str) -> RefusedFields {
        let org = self.describes.org(&user.org);
        let refusals = org.refusals(self.shared_user(user), object);
        refusals.map_or_else(RefusedFields::default, |refusals| {
            lock(&refusals).left_out(Instant::now())
        })
    }
}

impl RefusedFields {
    /// The fields that a write with this effect leaves out.
    pub(super) fn of(&self, effect: Effect) -> &[Box<str>] {
        match effect {
            Effect::Create => &self.created,
            Effect::Update => &self.updated,
            Effect::Upsert => &self.upserted,
        }
    }

    fn of_mut(&mut self, effect: Effect) -> &mut Vec<Box<str>> {
        match effect {
            Effect::Create => &mut self.created,
            Effect::Update => &mut self.updated,
            Effect::Upsert => &mut self.upserted,
        }
    }
}

impl Refusal {
    fn is_remembered(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) < REMEMBERED
    }
}

impl FieldDescription {
    /// Whether a write with this effect can set the field.
    #[must_use]
    pub(crate) fn is_written_by(&self, effect: Effect) -> bool {
        match effect {
            Effect::Create => self.createable,
            Effect::Update => self.updateable,
            Effect::Upsert => self.is_writable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> ObjectDescription {
        let text = r#"{"queryable":true,"createable":true,"updateable":true,"fields":[
            {"name":"A__c","createable":true,"updateable":true,"type":"string"},
            {"name":"B__c","createable":true,"updateable":false,"type":"string"}]}"#;
        serde_json::from_str(text).unwrap()
    }

    /// Notes the refusal of a field as `refuses_field` does.
    fn note(
        refusals: &mut Refusals,
        now: Instant,
        object: &ObjectDescription,
        (field, effect): (&str, Effect),
    ) {
        if let Some(field) = object.contradicted(field, effect) {
            refusals.note(now, now, (&field.name, effect));
        }
    }

    fn left_out(refusals: &Refusals, now: Instant, effect: Effect) -> Vec<Box<str>> {
        refusals.left_out(now).of(effect).to_vec()
    }

    #[test]
    fn the_third_refusal_leaves_a_field_out_for_an_hour_and_for_this_operation() {
        let (object, now) = (object(), Instant::now());
        let mut refusals = Refusals::default();
        let refused: [Box<str>; 1] = ["A__c".into()];
        let created = |refusals: &_, now| left_out(refusals, now, Effect::Create);
        for _ in 0..2 {
            note(&mut refusals, now, &object, ("a__C", Effect::Create));
        }
        assert_eq!(refusals.left_out(now), RefusedFields::default());
        note(&mut refusals, now, &object, ("A__c", Effect::Update));
        note(&mut refusals, now, &object, ("A__c", Effect::Create));
        let almost = now + REMEMBERED.saturating_sub(Duration::from_secs(1));
        assert_eq!(created(&refusals, almost), refused);
        assert!(left_out(&refusals, now, Effect::Update).is_empty());
        assert!(created(&refusals, now + REMEMBERED).is_empty());
        note(
            &mut refusals,
            now + REMEMBERED,
            &object,
            ("A__c", Effect::Create),
        );
        assert!(created(&refusals, now + REMEMBERED).is_empty());
    }

    #[test]
    fn a_field_that_is_not_writable_teaches_nothing() {
        let (object, now) = (object(), Instant::now());
        let mut refusals = Refusals::default();
        for _ in 0..5 {
            note(&mut refusals, now, &object, ("B__c", Effect::Update));
            note(&mut refusals, now, &object, ("B__c", Effect::Upsert));
            note(&mut refusals, now, &object, ("Unknown__c", Effect::Create));
        }
        assert_eq!(refusals.left_out(now), RefusedFields::default());
        for _ in 0..3 {
            note(&mut refusals, now, &object, ("B__c", Effect::Create));
        }
        let refused: [Box<str>; 1] = ["B__c".into()];
        assert_eq!(left_out(&refusals, now, Effect::Create), refused);
    }

    #[test]
    fn few_fields_are_remembered() {
        let fields = (0..1_000).map(|n| {
            format!(r#"{{"name":"F{n}__c","createable":true,"updateable":true,"type":"string"}}"#)
        });
        let fields = fields.collect::<Vec<_>>().join(",");
        let text = format!(
            r#"{{"queryable":true,"createable":true,"updateable":true,"fields":[{fields}]}}"#
        );
        let object: ObjectDescription = serde_json::from_str(&text).unwrap();
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        for n in 0..1_000 {
            note(
                &mut refusals,
                now,
                &object,
                (&format!("F{n}__c"), Effect::Create),
            );
        }
        assert_eq!(refusals.0.len(), MAX_FIELDS);
        note(
            &mut refusals,
            now + REMEMBERED,
            &object,
            ("F999__c", Effect::Create),
        );
        assert_eq!(refusals.0.len(), 1);
    }
}
