//! Which call a method and a URL mean.

use super::*;

fn verb_of(method: &'static str, url: &'static str) -> Result<Verb<'static>, Refusal> {
    let (path, query) = url
        .split_once('?')
        .map_or((url, None), |(path, query)| (path, Some(query)));
    Operation::of(&Request {
        method,
        path,
        query,
        headers: Box::leak(Box::default()),
        body: b"",
    })
    .map(|operation| operation.verb)
}

#[test]
fn each_method_and_url_means_one_call() {
    let (object, id) = ("Lead", "00Q1");
    let cases = [
        (
            "GET",
            "/services/data/v50.0/query/01g-2000",
            Verb::NextPage {
                locator: "01g-2000",
            },
        ),
        (
            "POST",
            "/services/data/v50.0/sobjects/Lead",
            Verb::Create { object },
        ),
        (
            "POST",
            "/services/data/v50.0/sobjects/Lead/",
            Verb::Create { object },
        ),
        (
            "GET",
            "/services/data/v68.0/sobjects/Lead/00Q1",
            Verb::Read { object, id },
        ),
        (
            "PATCH",
            "/services/data/v50.0/sobjects/Lead/00Q1",
            Verb::Update { object, id },
        ),
        (
            "POST",
            "/services/data/v50.0/sobjects/Lead/00Q1?_HttpMethod=PATCH",
            Verb::Update { object, id },
        ),
        (
            "DELETE",
            "/services/data/v50.0/sobjects/Lead/00Q1",
            Verb::Delete { object, id },
        ),
    ];
    for (method, url, verb) in cases {
        assert_eq!(verb_of(method, url), Ok(verb), "{url}");
    }
    let describe = verb_of("GET", "/services/data/v50.0/sobjects/Lead/describe");
    assert_eq!(describe, Ok(Verb::Describe { object }));
    for url in ["/services/data/v50.0", "/services/data/v50.0/"] {
        assert_eq!(verb_of("GET", url), Ok(Verb::Resources), "{url}");
    }
}

#[test]
fn an_external_id_is_decoded_and_a_plus_sign_stays() {
    let url = "/services/data/v50.0/sobjects/Lead/Ext__c/a%2Fb%40x.com%20+?updateOnly=true";
    let key = Key {
        object: "Lead",
        field: "Ext__c",
        value: "a/b@x.com +".into(),
    };
    let update_only = true;
    assert_eq!(verb_of("PATCH", url), Ok(Verb::Upsert { key, update_only }));
}

#[test]
fn a_query_is_decoded_from_either_form_of_a_space() {
    let soql = "SELECT Id FROM Lead WHERE Email = 'a+b@c.d'".to_owned();
    let url =
        "/services/data/v50.0/query/?q=SELECT+Id%20FROM+Lead+WHERE+Email+%3D+%27a%2Bb%40c.d%27";
    assert_eq!(verb_of("GET", url), Ok(Verb::Query { soql }));
}

#[test]
fn what_is_no_resource_is_not_found() {
    for url in [
        "/",
        "/services/data",
        "/services/data/v50/query",
        "//services/data/v50.0/query",
        "/services/data/v50.0/x",
    ] {
        assert_eq!(verb_of("GET", url), Err(Refusal::NotFound), "{url}");
    }
}

#[test]
fn a_method_that_a_resource_does_not_take_is_named() {
    let refusal = verb_of("PUT", "/services/data/v50.0/sobjects/Lead").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "HTTP Method 'PUT' not allowed. Allowed are POST"
    );
}
