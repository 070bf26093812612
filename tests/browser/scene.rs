//! A service at which all has happened that the page can show: events of every verdict, traits that were changed and left out, faults
//! with remedies, a refused login. The people are invented.

use salesforce_simulator::{Call, Fault, Simulator, ValidationRule, sample};
use serde_json::{Value, json};

use crate::{
    page::{Page, destination, identify, job},
    service::{Service, send},
};

/// Events are written here, so that Salesforce's refusals are among them, and their values are kept, so that each can be explained.
pub(crate) const FLAGS: [&str; 6] = [
    "--delivery",
    "inline",
    "--delivery-window",
    "1ms",
    "--admin-show-values",
    "true",
];

/// The event that the view Explain shows: one trait of each fate.
pub(crate) fn explained() -> Value {
    let traits = json!({
        "email": "maria.keller@nordwind.example", "name": "Maria Keller", "company": "Nordwind Logistik", "title": "Head of Operations",
        "plan": "Professional", "seats": "240", "channel": "fax", "creditLimit": 50_000, "interests": ["freight", "rail"],
        "signedUp": "28.11.2026",
    });
    let mut event = identify("5c1e9f04-ops", &traits);
    event["userId"] = json!("u-20417");
    event
}

/// An org as an admin has it after some years, with some people in it.
pub(crate) fn org() -> Simulator {
    let hiring = "Leads of the careers page are not taken.";
    let rule = ValidationRule::new("Lead", "LeadSource", "Careers", hiring).at_field();
    let org = sample::org().ordinary(sample::USERNAME);
    let org = org.validation_rule(rule).build();
    for (first, last, company) in [
        ("Maria", "Keller", "Nordwind"),
        ("Tomás", "Ferreira", "Atelier Verde"),
        ("Aiko", "Tanabe", "Hoshi Robotics"),
    ] {
        let email = email(first, last, company);
        let lead =
            json!({"FirstName": first, "LastName": last, "Company": company, "Email": email});
        org.insert("Lead", lead).unwrap();
    }
    org
}

/// An address below a domain that nobody can have.
pub(crate) fn email(first: &str, last: &str, company: &str) -> String {
    let ascii = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphabetic);
        letters.collect::<String>().to_lowercase()
    };
    let [first, last, company] = [first, last, company].map(ascii);
    format!("{first}.{last}@{company}.example")
}

/// The messages, in the order of their arrival.
fn messages() -> Vec<Value> {
    let person = |id: &str, [first, last, company]: [&str; 3], more: Value| {
        let mut traits = json!({"email": email(first, last, company), "firstName": first, "lastName": last, "company": company});
        let own = traits.as_object_mut().unwrap();
        own.extend(more.as_object().unwrap().clone());
        identify(id, &traits)
    };
    let aiko = ["Aiko", "Tanabe", "Hoshi Robotics"];
    let tomas = ["Tomás", "Ferreira", "Atelier Verde"];
    let lena = ["Lena", "Okafor", "Brightwater"];
    let ravi = ["Ravi", "Menon", "Saltmarsh Energy"];
    let signup = json!({"plan": "pro", "seats": "25", "title": "Engineer"});
    let mut quiet = person("b7d0-signup", lena, json!({}));
    quiet["integrations"] = json!({"All": true});
    let track = json!({"type": "track", "messageId": "c93a-order", "event": "Order Completed", "userId": "u-311", "integrations": {"Salesforce": true}});
    let nameless = identify(
        "d4f2-popup",
        &json!({"plan": "free", "source": "newsletter"}),
    );
    vec![
        person("a1c7-signup", aiko, signup),
        person(
            "a2e0-profile",
            tomas,
            json!({"tier": "gold", "score": "97.126", "interests": ["tiles", "glass"]}),
        ),
        quiet,
        track,
        nameless,
        person(
            "e05b-trial",
            ravi,
            json!({"plan": "platinum", "trial": "yes", "renewal": "31.12.2026"}),
        ),
        person("f118-careers", lena, json!({"leadSource": "Careers"})),
        person(
            "f2b9-webinar",
            ravi,
            json!({"topics": "news;weather", "fax": "none"}),
        ),
        explained(),
    ]
}

/// A page of a service at which all of it has happened.
pub(crate) async fn page() -> Page {
    let org = org();
    let page = Page::open_with(&org, "explain", &FLAGS).await;
    happen(&page.service, &org, || {}).await;
    page
}

/// Sends jobs as a rudder-server that leaves the writing to the service.
pub(crate) async fn deliver(service: &Service, jobs: &[Value]) {
    let body = json!({"input": jobs, "destType": "salesforce"});
    let request = service.request("/routerTransform");
    let request = request.header("X-Feature-Filter-Code", "?1");
    send(request.body(body.to_string())).await.accepted();
}

/// Lets all of it happen; `before` is called before each event.
pub(crate) async fn happen(service: &Service, org: &Simulator, before: impl Fn()) {
    for (id, message) in (1..).zip(messages()) {
        before();
        deliver(service, &[job(id, &message)]).await;
    }
    before();
    org.fail_next(Call::Query, Fault::ServerUnavailable, 1);
    let later = identify(
        "0a44-signup",
        &json!({"email": "noor.haddad@cedarline.example"}),
    );
    deliver(service, &[job(20, &later)]).await;
    before();
    let ivan = identify(
        "1b7e-signup",
        &json!({"email": "ivan.petrov@tundra.example"}),
    );
    let mut refused = job(21, &ivan);
    refused["destination"] = destination("2fYsandbox");
    refused["destination"]["Config"]["password"] = json!("outdated");
    deliver(service, &[refused]).await;
}

/// Shows a view, and waits until it shows what has happened.
pub(crate) async fn show(page: &Page, view: &str) {
    page.browser.click(&format!("nav a[href='#{view}']")).await;
    match view {
        "explain" => {
            page.explain(&explained()).await;
            page.browser.says("#explanation", "Nordwind").await;
        }
        "events" => {
            page.browser.says("#event-rows", "1b7e-signup").await;
        }
        "orgs" => {
            page.browser.says("#fault-rows", "no_email").await;
        }
        other => panic!("there is no view {other}"),
    }
}
