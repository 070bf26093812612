//! `/rules`: what the names of rules, reasons and codes mean, and what to do about them.

use axum::Json;
use serde_json::{Value as JsonValue, json};

use crate::transform::{
    remedy::{CODES, Reason},
    rule::Rule,
};

/// `GET /rules`: the rules by which events become records, our reasons, and Salesforce's codes that are known.
pub(super) async fn rules() -> Json<JsonValue> {
    let rules = Rule::ALL.iter().map(|rule| {
        let stock = Some(rule.stock()).filter(|stock| !stock.is_empty());
        json!({ "name": rule.name(), "documented": rule.documented(), "stock": stock })
    });
    let reasons = Reason::ALL.iter();
    let reasons = reasons.map(
        |reason| json!({ "name": reason.label(), "meaning": reason.meaning(), "remedy": reason.remedy() }),
    );
    let codes = CODES.iter();
    let codes = codes.map(|(code, remedy)| json!({ "name": code, "remedy": remedy }));
    Json(json!({
        "rules": rules.collect::<Vec<_>>(),
        "reasons": reasons.collect::<Vec<_>>(),
        "codes": codes.collect::<Vec<_>>(),
    }))
}
