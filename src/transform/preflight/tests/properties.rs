//! Properties that hold for all events.

use std::sync::LazyLock;

use proptest::{prelude::*, sample::select};

use super::*;
use crate::transform::{change::Change, mapping::tests::text};

static LEAD: LazyLock<ObjectDescription> = LazyLock::new(lead);

/// A part of every generated text. No change may quote it.
const SECRET: &str = "s3cr3t";

/// Traits: names of fields in several spellings, and others.
fn name() -> impl Strategy<Value = String> {
    let known: Vec<String> = LEAD.fields().map(|field| field.name.to_string()).collect();
    let spelled = select(known).prop_flat_map(|name| {
        let stem = name.strip_suffix("__c").unwrap_or(&name).to_owned();
        select(vec![name.to_lowercase(), name.to_uppercase(), stem, name])
    });
    prop_oneof![4 => spelled, 1 => select(vec!["State", "StateCode", "Country", "CountryCode"]).prop_map(str::to_owned), 1 => "[a-z ._é]{1,12}", 1 => Just("Partner__r".to_owned())]
}

fn scalar() -> impl Strategy<Value = Value> {
    let texts = select(vec![
        "42",
        "1,200.50",
        "1.200",
        "$1,000",
        "yes",
        "FALSE",
        "2026-01-31",
        "2026-01-31 08:00Z",
        "01/02/2026",
        "hot",
        "Very Hot",
        "a;B;zz",
        "001D000000IqhSLIAZ",
        "00Q5e00000B9cDe",
        "jane@x.com",
        "",
        " ",
        "gold ",
        "CA",
        "california",
        "WA",
        "us",
        "Australia",
        "08:00",
    ]);
    prop_oneof![
        texts.prop_map(Value::from),
        "[a-zäß€;,. -]{0,30}"
            .prop_map(|noise| Value::from(format!("{noise}{SECRET}{noise}{noise}"))),
        any::<i64>().prop_map(Value::from),
        (-1e20..1e20).prop_map(Value::from),
        select(vec![0_u64, 1, 12, 1_769_846_400, 1_769_846_400_000]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn trait_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => scalar(),
        1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::from),
        1 => scalar().prop_map(|value| json!({ "Domain__c": value })),
    ]
}

fn traits() -> impl Strategy<Value = String> {
    let members = prop::collection::vec((name(), trait_value()), 0..12);
    members.prop_map(|members| Value::from_iter(members).to_string())
}

fn effect() -> impl Strategy<Value = Effect> {
    select(vec![Effect::Create, Effect::Update, Effect::Upsert])
}

fn given(traits: &str, is_mapped: bool) -> Fields<'static> {
    if is_mapped {
        of_new_lead(traits)
    } else {
        as_they_are(&members(traits), &rules(Compatibility::Stock))
    }
}

fn fix(fields: &mut Fields<'_>, object: &ObjectDescription, effect: Effect) {
    let fitting = Fitting {
        description: object,
        effect,
        mode: FIX,
        key: None,
        is_part: false,
        detail: ChangeDetail::Everything,
        refused: &[],
    };
    fit(fields, &fitting).unwrap();
}

proptest! {
    #[test]
    fn fields_that_have_been_fitted_fit(traits in traits(), effect in effect(), is_mapped: bool) {
        let mut fields = given(&traits, is_mapped);
        fix(&mut fields, &LEAD, effect);
        for (name, value) in fields.members() {
            let text = name.text();
            if LEAD.relationship(&text).is_some() {
                continue;
            }
            let field = super::super::name::exact(&LEAD, name);
            prop_assert!(field.is_some_and(|field| matches!(super::super::value::fitted(field, value, &LEAD), Ok(None))), "{text}");
        }
    }

    #[test]
    fn fitting_again_changes_nothing(traits in traits(), effect in effect(), is_mapped: bool) {
        let mut fields = given(&traits, is_mapped);
        fix(&mut fields, &LEAD, effect);
        let (once, changes) = (text(&fields), std::mem::take(&mut fields.changes));
        fix(&mut fields, &LEAD, effect);
        prop_assert_eq!(text(&fields), once);
        let again: Vec<&str> = fields.changes.iter().map(Change::reason).collect();
        prop_assert!(again.iter().all(|reason| *reason == "required_missing"), "{again:?} after {changes:?}");
    }

    #[test]
    fn no_change_quotes_a_value(traits in traits(), effect in effect(), is_mapped: bool) {
        let mut fields = given(&traits, is_mapped);
        fix(&mut fields, &LEAD, effect);
        for change in fields.changes.iter() {
            let said = format!("{change} {change:?} {:?} {:?}", change.trait_name(), change.field());
            prop_assert!(!said.contains(SECRET), "{said}");
        }
    }

    #[test]
    fn every_trait_is_sent_or_named(traits in traits(), effect in effect()) {
        let mut fields = given(&traits, false);
        let names: Vec<String> = fields.members().map(|(name, _)| name.text().into_owned()).collect();
        fix(&mut fields, &LEAD, effect);
        let sent: Vec<String> = fields.members().map(|(name, _)| name.text().into_owned()).collect();
        for name in names {
            let is_named = fields.changes.iter().any(|change| change.field().as_deref() == Some(&name));
            prop_assert!(sent.contains(&name) || is_named, "{name}");
        }
    }

    #[test]
    fn warning_changes_nothing(traits in traits(), effect in effect(), is_mapped: bool) {
        let mut fields = given(&traits, is_mapped);
        let before = text(&fields);
        let fitting = Fitting { description: &LEAD, effect, mode: Mode::Warn, key: Some("Email"), is_part: false, detail: ChangeDetail::Everything, refused: &[] };
        fit(&mut fields, &fitting).unwrap();
        prop_assert_eq!(text(&fields), before);
    }
}
