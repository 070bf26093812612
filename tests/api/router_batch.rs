//! A batch of the router and what its events may share: a destination, a lookup, a request. None of them loses a job.
//!
//! | file | what it specifies |
//! |---|---|
//! | `compacted` | destinations that come along once, in a map |
//! | `dynamic` | templates in a destination's `Config`, resolved for each event |
//! | `coalescing` | events for one new record, which share a request |
//! | `reverse_etl` | records found by any field |
//! | `order` | which entry stands where, and whose jobs are in it |
//! | `neighbours` | events that share a query, or an expired session |
//! | `other_routes` | `/batch`, `/deleteUsers`, and a path that names nobody |

mod coalescing;
mod compacted;
mod dynamic;
mod neighbours;
mod order;
mod other_routes;
mod reverse_etl;

use serde_json::{Value, json};

use crate::service::Service;

/// Posts jobs to `/routerTransform` and reads its entries in the order in which they are answered.
async fn output(service: &Service, jobs: Value) -> Vec<Value> {
    let body = json!({"input": jobs, "destType": "salesforce"});
    let mut answer = service.post("/routerTransform", body).await.accepted();
    let output = answer["output"].as_array_mut().unwrap();
    output.iter_mut().map(Value::take).collect()
}

/// The ids of an entry's jobs.
fn job_ids(entry: &Value) -> Vec<u64> {
    let metadata = entry["metadata"].as_array().unwrap().iter();
    metadata
        .map(|metadata| metadata["jobId"].as_u64().unwrap())
        .collect()
}

/// The fields that an entry's only request writes.
fn fields(entry: &Value) -> &Value {
    let [request] = entry["batchedRequest"].as_array().unwrap().as_slice() else {
        panic!("not one request: {entry}")
    };
    &request["body"]["JSON"]
}

/// A request's method, and the path of the record or collection that it writes to.
fn method_and_record(entry: &Value) -> (&str, &str) {
    let request = &entry["batchedRequest"][0];
    let endpoint = request["endpoint"].as_str().unwrap();
    let (_, record) = endpoint.split_once("/sobjects/").unwrap();
    (request["method"].as_str().unwrap(), record)
}
