//! The calls of the REST API: which one a method and a URL mean, and what the org does about it.
//!
//! Below HTTP on purpose: a call inside another call's body is an [`Operation`] as well.

use axum::http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{
    Call, Refusal,
    caller::{self, Caller},
    collections::{self, Collection},
    composite, describe,
    org::{Org, Upserted},
    refusal::Answer,
};

/// The first version that answers an upsert of a record that was there with a body.
const FIRST_TALKATIVE_VERSION: u32 = 46;

/// The first version whose User Interface API looks for duplicates.
const FIRST_VERSION_OF_PREDUPE: u32 = 50;

/// The first version that knows Collections by an external id.
const FIRST_VERSION_OF_UPSERTED_COLLECTIONS: u32 = 46;

/// A request without its connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// The path, from `/services` on.
    pub(super) path: &'a str,
    /// What stands behind the `?`, still encoded.
    pub(super) query: Option<&'a str>,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl Request<'_> {
    fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = url::form_urlencoded::parse(self.query?.as_bytes());
        parameters
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The method that is meant: a POST may stand in for another one.
    fn effective_method(&self) -> String {
        let stands_in = if self.method == "POST" {
            self.parameter("_HttpMethod")
        } else {
            None
        };
        stands_in.unwrap_or_else(|| self.method.into())
    }

    fn not_allowed(&self, allowed: &'static str) -> Refusal {
        Refusal::MethodNotAllowed {
            method: self.effective_method(),
            allowed,
        }
    }
}

/// A call that the org understands, in one version of the API.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation<'a> {
    /// As the URL writes it: `v50.0`.
    version: &'a str,
    verb: Verb<'a>,
}

#[derive(Debug, PartialEq, Eq)]
enum Verb<'a> {
    Resources,
    Describe { object: &'a str },
    Composite,
    CreateAll,
    UpdateAll,
    UpsertAll { object: &'a str, field: &'a str },
    Query { soql: String },
    Predupe,
    NextPage { locator: &'a str },
    Create { object: &'a str },
    Read { object: &'a str, id: &'a str },
    Update { object: &'a str, id: &'a str },
    Delete { object: &'a str, id: &'a str },
    Upsert { key: Key<'a>, update_only: bool },
    ReadByKey(Key<'a>),
    DeleteByKey(Key<'a>),
}

/// A record that the URL names by an external id.
#[derive(Debug, PartialEq, Eq)]
struct Key<'a> {
    object: &'a str,
    field: &'a str,
    /// Decoded.
    value: String,
}

impl Key<'_> {
    fn parts(&self) -> (&str, &str, &str) {
        (self.object, self.field, &self.value)
    }
}

impl<'a> Operation<'a> {
    /// The call that a request means.
    pub(super) fn of(request: &Request<'a>) -> Result<Self, Refusal> {
        let path = request
            .path
            .strip_prefix("/services/data/")
            .ok_or(Refusal::NotFound)?;
        let (version, resource) = path.split_once('/').unwrap_or((path, ""));
        if !is_version(version) {
            return Err(Refusal::NotFound);
        }
        let segments: Vec<&str> = resource
            .strip_suffix('/')
            .unwrap_or(resource)
            .split('/')
            .collect();
        Ok(Self {
            version,
            verb: verb(request, &segments)?,
        })
    }

    /// What the call is counted as.
    pub(super) fn call(&self) -> Call {
        match self.verb {
            Verb::Resources | Verb::Describe { .. } => Call::Describe,
            Verb::Composite => Call::Composite,
            Verb::CreateAll | Verb::UpdateAll | Verb::UpsertAll { .. } => Call::Collections,
            Verb::Query { .. } | Verb::NextPage { .. } => Call::Query,
            Verb::Predupe => Call::Other,
            Verb::Create { .. } => Call::Create,
            Verb::Read { .. } | Verb::ReadByKey(_) => Call::Read,
            Verb::Update { .. } => Call::Update,
            Verb::Delete { .. } | Verb::DeleteByKey(_) => Call::Delete,
            Verb::Upsert { .. } => Call::Upsert,
        }
    }

    /// Carries out the call that `request` means, as `user`: the id of whoever holds the session.
    pub(super) fn perform(
        self,
        org: &mut Org,
        user: &str,
        request: &Request<'_>,
    ) -> Result<Answer, Refusal> {
        let is_write = matches!(
            self.verb,
            Verb::Create { .. } | Verb::Update { .. } | Verb::Upsert { .. }
        );
        let answer = self.carry_out(org, user, request);
        if is_write && answer.is_err() {
            org.refused_records += 1;
        }
        answer
    }

    fn carry_out(
        self,
        org: &mut Org,
        user: &str,
        request: &Request<'_>,
    ) -> Result<Answer, Refusal> {
        let (version, body) = (self.version, request.body);
        let caller = Caller::of(user, version, request.headers);
        match self.verb {
            Verb::Resources => Ok(Answer::new(StatusCode::OK, describe::resources(version))),
            Verb::Describe { object } => {
                let since = caller::text(request.headers, header::IF_MODIFIED_SINCE.as_str());
                describe::answer(org, version, &caller, object, since)
            }
            Verb::Composite => composite::answer(org, user, request),
            Verb::CreateAll => collections::answer(org, &caller, Collection::Create, body),
            Verb::UpdateAll => collections::answer(org, &caller, Collection::Update, body),
            Verb::UpsertAll { .. } if caller.version < FIRST_VERSION_OF_UPSERTED_COLLECTIONS => {
                Err(Refusal::NotFound)
            }
            Verb::UpsertAll { object, field } => {
                collections::answer(org, &caller, Collection::Upsert { object, field }, body)
            }
            Verb::Query { soql } => Ok(Answer::new(
                StatusCode::OK,
                org.query(&caller, version, &soql)?,
            )),
            Verb::Predupe if caller.version < FIRST_VERSION_OF_PREDUPE => Err(Refusal::NotFound),
            Verb::Predupe => Ok(Answer::new(StatusCode::OK, org.predupe(&caller, body)?)),
            Verb::NextPage { locator } => Ok(Answer::new(
                StatusCode::OK,
                org.pages.next(version, locator)?,
            )),
            Verb::Create { object } => {
                let id = org.create(&caller, object, body)?;
                Ok(created(version, object, id.as_str()))
            }
            Verb::Read { object, id } => Ok(Answer::new(
                StatusCode::OK,
                org.read(&caller, version, object, id)?,
            )),
            Verb::Update { object, id } => org
                .update(&caller, object, id, body)
                .map(|()| Answer::empty(StatusCode::NO_CONTENT)),
            Verb::Delete { object, id } => org
                .delete(&caller, object, id)
                .map(|()| Answer::empty(StatusCode::NO_CONTENT)),
            Verb::Upsert { key, update_only } => {
                let upserted = org.upsert(&caller, key.parts(), update_only, body)?;
                Ok(upsert_answer(&caller, version, key.object, &upserted))
            }
            Verb::ReadByKey(key) => {
                let id = org.id_by_key(&caller, key.parts())?;
                Ok(Answer::new(
                    StatusCode::OK,
                    org.read(&caller, version, key.object, &id)?,
                ))
            }
            Verb::DeleteByKey(key) => {
                let id = org.id_by_key(&caller, key.parts())?;
                org.delete(&caller, key.object, &id)
                    .map(|()| Answer::empty(StatusCode::NO_CONTENT))
            }
        }
    }
}

/// The answer to a create, with the URL of the record that it has made.
fn created(version: &str, object: &str, id: &str) -> Answer {
    let body = json!({"id": id, "success": true, "errors": []});
    let url = format!("/services/data/{version}/sobjects/{object}/{id}");
    Answer::new(StatusCode::CREATED, body).with_header(header::LOCATION, &url)
}

/// The answer to an upsert of one record. Old versions say nothing of a record that was there.
fn upsert_answer(caller: &Caller<'_>, version: &str, object: &str, upserted: &Upserted) -> Answer {
    match upserted {
        Upserted::Created(id) => Answer {
            body: Some(upserted.shown()),
            ..created(version, object, id)
        },
        Upserted::Updated(_) if caller.version < FIRST_TALKATIVE_VERSION => {
            Answer::empty(StatusCode::NO_CONTENT)
        }
        Upserted::Updated(_) => Answer::new(StatusCode::OK, upserted.shown()),
    }
}

fn verb<'a>(request: &Request<'a>, segments: &[&'a str]) -> Result<Verb<'a>, Refusal> {
    let method = request.effective_method();
    match (segments, method.as_str()) {
        ([""], "GET") => Ok(Verb::Resources),
        (["sobjects", object, "describe"], "GET") => Ok(Verb::Describe { object }),
        (["composite"], "POST") => Ok(Verb::Composite),
        (["composite", "sobjects"], "POST") => Ok(Verb::CreateAll),
        (["composite", "sobjects"], "PATCH") => Ok(Verb::UpdateAll),
        (["composite", "sobjects"], _) => Err(request.not_allowed("POST,PATCH")),
        (["composite", "sobjects", object, field], "PATCH") => {
            Ok(Verb::UpsertAll { object, field })
        }
        (["composite", "sobjects", _, _], _) => Err(request.not_allowed("PATCH")),
        (["query"], "GET") => Ok(Verb::Query {
            soql: request.parameter("q").unwrap_or_default(),
        }),
        (["ui-api", "predupe"], "POST") => Ok(Verb::Predupe),
        (["query", locator], "GET") => Ok(Verb::NextPage { locator }),
        (["query"] | ["query", _], _) => Err(request.not_allowed("GET")),
        (["sobjects", object], "POST") => Ok(Verb::Create { object }),
        (["composite"] | ["sobjects", _] | ["ui-api", "predupe"], _) => {
            Err(request.not_allowed("POST"))
        }
        (["sobjects", object, id], "GET") => Ok(Verb::Read { object, id }),
        (["sobjects", object, id], "PATCH") => Ok(Verb::Update { object, id }),
        (["sobjects", object, id], "DELETE") => Ok(Verb::Delete { object, id }),
        (["sobjects", _, _], _) => Err(request.not_allowed("GET,PATCH,DELETE")),
        (["sobjects", object, field, value], method) => {
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            let key = Key {
                object,
                field,
                value,
            };
            match method {
                "PATCH" => {
                    let parameter = request.parameter("updateOnly");
                    let update_only = parameter.is_some_and(|only| only == "true");
                    Ok(Verb::Upsert { key, update_only })
                }
                "GET" => Ok(Verb::ReadByKey(key)),
                "DELETE" => Ok(Verb::DeleteByKey(key)),
                _ => Err(request.not_allowed("GET,PATCH,DELETE")),
            }
        }
        _ => Err(Refusal::NotFound),
    }
}

/// Whether a path segment is a version such as `v50.0`.
fn is_version(segment: &str) -> bool {
    let number = segment
        .strip_prefix('v')
        .and_then(|version| version.strip_suffix(".0"));
    number.is_some_and(|number| {
        number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests;
