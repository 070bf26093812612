//! Rule `salvage`: a record that Salesforce refuses because of single fields is sent again without them.
//!
//! | file | what it specifies |
//! |---|---|
//! | `codes` | each code that names fields, with inline delivery and both versions of the proxy |
//! | `kept` | what is never left out, and refusals that stand |
//! | `merged` | events of one record that are written together |
//! | `together` | duplicates, deleted records, upserts, unchanged values and creates under way |
//! | `taught` | what refusals teach: descriptions that are read again, fields that are left out for an hour |
//! | `whole` | Collections that are refused as a whole |

mod codes;
mod kept;
mod merged;
mod taught;
mod together;
mod whole;

use salesforce_simulator::{Builder, Country, FieldSpec, FieldType, Simulator};
use serde_json::{Value, json};

use crate::{
    delivery,
    fixtures::{destination, identify, job, org},
    inline,
    service::{Service, serve},
};

/// Fields are sent as they are, so that Salesforce refuses them.
const UNFITTED: [&str; 2] = ["--preflight", "off"];

/// An org with a field of each kind that can refuse a value.
fn strict_org() -> Builder {
    org()
        .external_id("Account", "Domain__c", true)
        .field(
            "Lead",
            FieldSpec::new("tier__c", FieldType::Picklist)
                .values(&["gold"])
                .restricted(),
        )
        .field(
            "Lead",
            FieldSpec::new("score__c", FieldType::Number).digits(3, 0),
        )
        .field(
            "Lead",
            FieldSpec::new("total__c", FieldType::Number).read_only(),
        )
        .custom_field("Lead", "other__c", FieldType::Email)
        .custom_field("Lead", "born__c", FieldType::Date)
        .field(
            "Lead",
            FieldSpec::new("parent__c", FieldType::Reference).refers_to(&["Account"], "parent__r"),
        )
        .field(
            "Contact",
            FieldSpec::new("Parent__c", FieldType::Reference).refers_to(&["Account"], "Parent__r"),
        )
        .cross_references_name_fields(true)
}

/// The same org, with lists of countries and states.
fn org_with_places() -> Builder {
    strict_org()
        .state_country_picklists([Country::new("US", "United States").state("CA", "California")])
}

/// A service that delivers inline and fits no fields.
async fn unfitted(org: &Simulator, flags: &[&str]) -> Service {
    inline::inline(org, &[&UNFITTED, flags].concat()).await
}

/// A service with a proxy that fits no fields.
async fn proxy(org: &Simulator, flags: &[&str]) -> Service {
    let salesforce = serve(org.router()).await;
    Service::start(&salesforce, &[&UNFITTED, flags].concat()).await
}

/// A job for the lead with this e-mail.
fn lead(id: u64, email: &str, mut traits: Value) -> Value {
    traits["email"] = json!(email);
    inline::of_user(
        &format!("u{id}"),
        job(id, identify(traits), &destination("dst-1")),
    )
}

/// A job for Ada's lead.
fn ada(id: u64, traits: Value) -> Value {
    lead(id, "ada@example.com", traits)
}

/// The status of a job's only request at the delivery proxy, in version 1, and the answer.
async fn delivered(service: &Service, job: Value) -> (u64, Value) {
    let entries = service.router([&job]).await;
    let request = &entries[0]["batchedRequest"][0];
    let mut body = delivery::asking(request, &entries[0]["metadata"]);
    body["destinationConfig"] = job["destination"]["Config"].clone();
    let path = "/v1/destinations/salesforce/proxy";
    let output = service.post(path, body).await.accepted()["output"].take();
    (output["status"].as_u64().unwrap(), output)
}

/// The values of these fields in the only record of an object.
fn only(org: &Simulator, object: &str, fields: &[&str]) -> Vec<Value> {
    let records = org.records(object);
    assert_eq!(records.len(), 1, "{records:?}");
    fields
        .iter()
        .map(|field| records[0][field].clone())
        .collect()
}
