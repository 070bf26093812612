//! The tables of `docs/faults.md`, cell by cell: each status and code on each route. The page is the specification; a row that
//! is changed there fails here until the service follows.

use salesforce_transformer::internals::salesforce::fault::LAST_ATTEMPT;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, path},
};

use crate::{
    fixtures::{contact_job, destination, job, lead_job, lets_in, lookup, nothing_found},
    inline::deliver,
    planted::BEARER,
    service::{Service, assert_says},
};

const PAGE: &str = include_str!("../../docs/faults.md");

/// What a row says of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// The status at each attempt.
    Always(u64),
    /// 500 before the last attempt, then 400.
    GivenUp,
    /// Salesforce does not answer the route like this.
    Never,
}

impl Cell {
    fn read(text: &str) -> Self {
        match text {
            "–" => Self::Never,
            "500, then 400" => Self::GivenUp,
            status => Self::Always(status.parse().unwrap()),
        }
    }

    /// The attempts that are tried, each with its status.
    fn expected(self) -> Vec<(u64, u64)> {
        match self {
            Self::Always(status) => vec![(0, status), (LAST_ATTEMPT, status)],
            Self::GivenUp => vec![(0, 500), (LAST_ATTEMPT - 1, 500), (LAST_ATTEMPT, 400)],
            Self::Never => Vec::new(),
        }
    }
}

/// An answer of Salesforce, and what it does on each route.
#[derive(Debug)]
struct Row {
    status: u16,
    code: Option<&'static str>,
    lookup: Cell,
    processor: Cell,
    proxy: Cell,
    record: Cell,
    collection: Cell,
    own_delivery: &'static str,
}

/// The rows of all tables, one for each code.
fn rows() -> Vec<Row> {
    let rows = PAGE.lines().filter_map(|line| {
        let cells: Vec<_> = line
            .strip_prefix("| ")?
            .strip_suffix(" |")?
            .split(" | ")
            .collect();
        let status = cells[0].parse().ok()?;
        let [
            _,
            codes,
            lookup,
            processor,
            proxy,
            record,
            collection,
            own_delivery,
        ] = cells[..]
        else {
            return None;
        };
        let codes = match codes {
            "none" => vec![None],
            "any other" => vec![Some("SOMETHING_NEW")],
            codes => codes.split('`').skip(1).step_by(2).map(Some).collect(),
        };
        let row = move |code| Row {
            status,
            code,
            lookup: Cell::read(lookup),
            processor: Cell::read(processor),
            proxy: Cell::read(proxy),
            record: Cell::read(record),
            collection: Cell::read(collection),
            own_delivery,
        };
        Some(codes.into_iter().map(row))
    });
    let rows: Vec<_> = rows.flatten().collect();
    assert!(rows.len() > 80, "the tables are not read: {}", rows.len());
    rows
}

impl Row {
    fn answer(&self) -> ResponseTemplate {
        let answer = ResponseTemplate::new(self.status);
        match self.code {
            None if (300..400).contains(&self.status) => {
                answer.insert_header("Location", "http://127.0.0.1:1/")
            }
            None => answer,
            Some(code) => answer.set_body_json(json!([{
                "message": "in Salesforce's words", "errorCode": code, "fields": []
            }])),
        }
    }

    /// A Salesforce that lets everybody in and answers all else like this.
    async fn salesforce(&self) -> MockServer {
        salesforce(self.answer()).await
    }

    fn assert(&self, route: &str, attempt: u64, status: &Value, expected: u64) {
        assert_eq!(*status, expected, "{route}, attempt {attempt}: {self:?}");
    }
}

async fn salesforce(answer: ResponseTemplate) -> MockServer {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    Mock::given(any())
        .respond_with(answer)
        .mount(&salesforce)
        .await;
    salesforce
}

fn at_attempt(attempt: u64, mut job: Value) -> Value {
    job["metadata"]["attemptNum"] = json!(attempt);
    job
}

#[tokio::test]
async fn a_failed_lookup_at_the_router() {
    for row in rows() {
        let salesforce = row.salesforce().await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        for (attempt, expected) in row.lookup.expected() {
            let jobs = [at_attempt(attempt, lead_job(1, "ada@example.com"))];
            let entries = service.router(jobs).await;
            row.assert("lookup", attempt, &entries[0]["statusCode"], expected);
        }
    }
}

#[tokio::test]
async fn a_failed_lookup_at_the_processor() {
    for row in rows() {
        let salesforce = row.salesforce().await;
        let service = Service::start(&salesforce.uri(), &[]).await;
        for (attempt, expected) in row.processor.expected() {
            let jobs = json!([lead_job(1, "ada@example.com")]);
            let answer = service.post("/v0/destinations/salesforce", jobs).await;
            let status = match answer.status {
                200 => answer.json()[0]["statusCode"].clone(),
                status => json!(status),
            };
            row.assert("processor", attempt, &status, expected);
        }
    }
}

#[tokio::test]
async fn a_failed_write_through_the_proxy() {
    for row in rows() {
        let salesforce = row.salesforce().await;
        let service = Service::start(&salesforce.uri(), &["--api-reserve", "0"]).await;
        for (attempt, expected) in row.proxy.expected() {
            let endpoint = format!(
                "{}/services/data/v50.0/sobjects/Contact/0035g0000000001AAA",
                salesforce.uri()
            );
            let metadata = json!({"jobId": 1, "attemptNum": attempt, "destinationId": "dst-1", "destInfo": {"authKey": "dst-1"}});
            let mut body = json!({
                "type": "REST", "method": "PATCH", "endpoint": endpoint, "userId": "",
                "headers": {"Content-Type": "application/json", "Authorization": BEARER},
                "params": {}, "files": {}, "destinationConfig": {},
                "body": {"JSON": {"LastName": "Gibbs"}, "JSON_ARRAY": {}, "XML": {}, "FORM": {}},
                "metadata": metadata,
            });
            let v0 = service
                .post("/v0/destinations/salesforce/proxy", &body)
                .await;
            row.assert("proxy v0", attempt, &json!(v0.status), expected);
            body["metadata"] = json!([metadata]);
            let v1 = service
                .post("/v1/destinations/salesforce/proxy", &body)
                .await;
            let status = &v1.json()["output"]["response"][0]["statusCode"];
            row.assert("proxy v1", attempt, status, expected);
        }
    }
}

#[tokio::test]
async fn a_record_that_is_refused_inside_a_collection() {
    for row in rows() {
        let error =
            json!({"statusCode": row.code, "message": "in Salesforce's words", "fields": []});
        let result = json!([{"success": false, "errors": [error]}]);
        let salesforce = salesforce(ResponseTemplate::new(200).set_body_json(result)).await;
        for (attempt, expected) in row.record.expected() {
            let service = inline(&salesforce).await;
            let entries = deliver(&service, [at_attempt(attempt, contact_job(1))]).await;
            row.assert("record", attempt, &entries[0]["statusCode"], expected);
        }
    }
}

#[tokio::test]
async fn a_collection_or_a_composite_that_is_refused_as_a_whole() {
    for row in rows() {
        let salesforce = row.salesforce().await;
        for (attempt, expected) in row.collection.expected() {
            let service = inline(&salesforce).await;
            let create = json!({
                "type": "identify", "traits": {"LastName": "Gibbs"},
                "context": {"externalId": [{"type": "Salesforce-Contact"}]},
                "integrations": {"Salesforce": true},
            });
            let create = job(2, create, &destination("dst-1"));
            for jobs in [vec![contact_job(1)], vec![contact_job(1), create]] {
                let jobs: Vec<_> = jobs
                    .into_iter()
                    .map(|job| at_attempt(attempt, job))
                    .collect();
                for entry in deliver(&service, jobs).await {
                    row.assert("collection", attempt, &entry["statusCode"], expected);
                }
            }
        }
    }
}

/// rudder-server retries 408, 429 and 5xx, and drops what is refused otherwise (`docs/rudder-server.md#descriptors`).
#[test]
fn what_rudder_server_does_with_a_write_of_its_own_follows_from_the_status() {
    for row in rows() {
        let expected = match row.status {
            408 | 429 | 500.. => "again",
            _ => "dropped",
        };
        assert_eq!(row.own_delivery, expected, "{row:?}");
    }
}

/// One query that is refused with an unknown code, then this answer of a Composite or a query.
async fn refused_once(then: Mock) -> (MockServer, Service) {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    let refused = lookup().respond_with(unknown_code()).up_to_n_times(1);
    refused.expect(1).mount(&salesforce).await;
    then.expect(1).mount(&salesforce).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    (salesforce, service)
}

fn unknown_code() -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(refusal())
}

fn refusal() -> Value {
    json!([{"message": "no", "errorCode": "SOMETHING_NEW"}])
}

#[tokio::test]
async fn a_query_refused_with_an_unknown_code_is_asked_once_more_for_each_event_alone() {
    let part = |index: u64, status: u64, body: Value| json!({"referenceId": format!("part{index}"), "httpStatusCode": status, "httpHeaders": {}, "body": body});
    let nothing = json!({"totalSize": 0, "done": true, "records": []});
    let parts = json!({"compositeResponse": [part(0, 200, nothing), part(1, 400, refusal())]});
    let composite = Mock::given(method("POST")).and(path("/services/data/v50.0/composite"));
    let parts = ResponseTemplate::new(200).set_body_json(parts);
    let (_salesforce, service) = refused_once(composite.respond_with(parts)).await;
    let jobs = json!([
        lead_job(1, "ada@example.com"),
        lead_job(2, "bob@example.com")
    ]);
    let answer = service.post("/v0/destinations/salesforce", jobs).await;
    let answer = answer.accepted();
    assert_eq!(
        [&answer[0]["statusCode"], &answer[1]["statusCode"]],
        [200, 400]
    );
}

#[tokio::test]
async fn where_the_composite_is_refused_too_each_event_is_asked_for_by_itself() {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    let composite = Mock::given(method("POST")).and(path("/services/data/v50.0/composite"));
    let composite = composite.respond_with(unknown_code());
    composite.mount(&salesforce).await;
    let query = lookup().respond_with(|request: &wiremock::Request| {
        let query = request.url.query().unwrap_or_default();
        if query.contains("bob") {
            unknown_code()
        } else {
            nothing_found()
        }
    });
    query.mount(&salesforce).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let jobs = ["ada@example.com", "bob@example.com", "eve@example.com"];
    let jobs: Vec<_> = (1..)
        .zip(jobs)
        .map(|(id, email)| lead_job(id, email))
        .collect();
    let answer = service
        .post("/v0/destinations/salesforce", json!(jobs))
        .await;
    let answer = answer.accepted();
    let statuses: Vec<_> = (0..3).map(|place| &answer[place]["statusCode"]).collect();
    assert_eq!(statuses, [200, 400, 200]);
}

#[tokio::test]
async fn an_unknown_code_that_comes_once_fails_no_event_and_is_counted() {
    let found = lookup().respond_with(nothing_found());
    let (_salesforce, service) = refused_once(found).await;
    let jobs = json!([lead_job(1, "ada@example.com")]);
    let answer = service.post("/v0/destinations/salesforce", jobs).await;
    assert_eq!(answer.accepted()[0]["statusCode"], 200);
    let metrics = service.get("/metrics").await.text;
    let counted =
        r#"salesforce_transformer_salesforce_unknown_codes_total{code="SOMETHING_NEW"} 1"#;
    assert_says(&metrics, counted);
}

async fn inline(salesforce: &MockServer) -> Service {
    let flags = [
        "--delivery",
        "inline",
        "--delivery-window",
        "1ms",
        "--api-reserve",
        "0",
    ];
    Service::start(&salesforce.uri(), &flags).await
}
