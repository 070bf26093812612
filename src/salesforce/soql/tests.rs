//! Tests of building queries.

use proptest::prelude::*;

use super::*;
use crate::{
    json::value,
    salesforce::key::{Key, MAX_VALUE, NoKey},
};
use salesforce_simulator::soql::{Condition, Literal as Parsed, parse};

fn item(key: Key) -> Item {
    let literal = key.literal();
    let wanted = Wanted {
        key,
        fields: Vec::new(),
        needs_record: true,
    };
    Item {
        wanted,
        literal,
        form: None,
    }
}

fn leads(emails: &[String]) -> Vec<Item> {
    emails
        .iter()
        .map(|email| item(Key::lead(email).unwrap()))
        .collect()
}

/// The e-mails that a query looks up, as the simulated Salesforce parses it.
fn asked(query: &Query) -> Vec<String> {
    let parsed = parse(query.soql()).unwrap();
    assert_eq!((parsed.object.as_str(), parsed.fields.len()), ("Lead", 6));
    let Some(Condition::In { field, values }) = parsed.condition else {
        panic!("no condition")
    };
    assert_eq!(field, "Email");
    let text = |literal| match literal {
        Parsed::Text(text) => text,
        other @ (Parsed::Number(_) | Parsed::Bool(_) | Parsed::Null) => panic!("{other:?}"),
    };
    values.into_iter().map(text).collect()
}

proptest! {
    #[test]
    fn any_text_survives_the_round_trip_and_none_changes_the_shape_of_the_query(texts in prop::collection::vec(any::<String>(), 1..8)) {
        let asked: Vec<String> = queries(&leads(&texts), Way::Uri(0)).iter().flat_map(asked).collect();
        prop_assert_eq!(asked, texts);
    }

    #[test]
    fn text_made_to_break_out_stays_inside_its_literal(text in r#"['"\\\n\r\t\x08\x0c (),=]*( OR Email != ')?[a-z'\\]*"#) {
        let texts = vec![text, "b@c.d".to_owned()];
        prop_assert_eq!(asked(&queries(&leads(&texts), Way::Uri(0))[0]), texts);
    }

    #[test]
    fn no_uri_grows_past_the_limit(count in 1..400usize, length in 1..60usize) {
        let texts: Vec<String> = (0..count).map(|n| format!("{}+{n}@é'.example", "x".repeat(length))).collect();
        let queries = queries(&leads(&texts), Way::Uri(30));
        prop_assert!(queries.iter().all(|query| 30 + "?q=".len() + query.encoded().len() < MAX_URI));
        prop_assert_eq!(queries.iter().map(|query| query.wanted.len()).sum::<usize>(), count);
    }
}

#[test]
fn a_composite_takes_500_values_a_query() {
    let texts: Vec<String> = (0..1_200).map(|n| format!("{n}@example.com")).collect();
    let counts: Vec<usize> = queries(&leads(&texts), Way::Composite)
        .iter()
        .map(|query| query.wanted.len())
        .collect();
    assert_eq!(counts, [500, 500, 200]);
}

#[test]
fn further_fields_are_read_once_whatever_their_letter_case() {
    let mut items = leads(&["a@b.c".to_owned(), "b@b.c".to_owned()]);
    items[0].wanted.fields = vec!["City".to_owned(), "EMAIL".to_owned()];
    items[1].wanted.fields = vec!["city".to_owned(), "x' y".to_owned()];
    let query = &queries(&items, Way::Uri(0))[0];
    let selected = "SELECT Id, Email, IsConverted, ConvertedContactId, IsDeleted, LastModifiedDate, City FROM Lead";
    assert!(query.soql().starts_with(selected), "{}", query.soql());
}

#[test]
fn a_hundred_ordinary_emails_fit_into_one_query() {
    let texts: Vec<String> = (0..100)
        .map(|n| format!("ada.lovelace.{n:06}@example.com"))
        .collect();
    assert_eq!(queries(&leads(&texts), Way::Uri(30)).len(), 1);
}

#[test]
fn records_of_different_objects_fields_and_types_are_asked_for_apart() {
    let keys = [
        ("Contact", "Ext__c", "\"a'b\""),
        ("contact", "ext__C", "\"c\""),
        ("Contact", "Ext__c", "5"),
        ("Account", "Ext__c", "\"a\""),
    ];
    let items =
        keys.map(|(object, field, json)| item(Key::new(object, field, value(json)).unwrap()));
    let queries = queries(&items, Way::Uri(30));
    let soql: Vec<&str> = queries.iter().map(Query::soql).collect();
    let expected = [
        r"SELECT Id, Ext__c FROM Contact WHERE Ext__c IN ('a\'b','c')",
        "SELECT Id, Ext__c FROM Contact WHERE Ext__c IN (5)",
        "SELECT Id, Ext__c FROM Account WHERE Ext__c IN ('a')",
    ];
    assert_eq!(soql, expected);
}

#[test]
fn a_value_beyond_the_limit_is_refused_and_the_longest_fits_into_a_uri() {
    assert_eq!(
        Key::lead(&"x".repeat(MAX_VALUE + 1)),
        Err(NoKey::TooLong(MAX_VALUE + 1))
    );
    let longest = Key::lead(&"\u{1}".repeat(MAX_VALUE)).unwrap();
    assert!(queries(&[item(longest)], Way::Uri(30))[0].encoded().len() < MAX_URI);
}

#[test]
fn names_that_are_no_api_names_stand_in_no_query() {
    let value = value("\"x\"");
    for name in [
        "",
        "_x",
        "1x",
        "a b",
        "a-b",
        "a/b",
        "a.b",
        "é",
        "x\0",
        "Ext'--",
        "Ext__c = '' OR Id",
    ] {
        assert_eq!(Key::new("Contact", name, value), Err(NoKey::Name), "{name}");
        assert_eq!(Key::new(name, "Ext__c", value), Err(NoKey::Name), "{name}");
    }
    assert!(
        ["Lead", "My_Object__c", "ns__X2__c"]
            .into_iter()
            .all(is_api_name)
    );
}
