//! What the org says of itself: the versions of its API, the resources of one, and its objects.

use serde_json::{Value, json};

use super::schema::{Access, Field, Object};

/// The versions that are answered, as a list of two numbers: the first and the last.
const VERSIONS: std::ops::RangeInclusive<u32> = 41..=68;

/// The versions of the API, oldest first. 41 is Winter '18, and three come a year.
pub(super) fn versions() -> Value {
    let version = |version: u32| {
        let age = version - VERSIONS.start();
        let season = ["Winter", "Spring", "Summer"][(age % 3) as usize];
        json!({
            "label": format!("{season} '{}", 18 + age / 3),
            "url": format!("/services/data/v{version}.0"),
            "version": format!("{version}.0"),
        })
    };
    VERSIONS.map(version).collect()
}

/// The resources of a version.
pub(super) fn resources(version: &str) -> Value {
    let path = |resource| format!("/services/data/{version}/{resource}");
    json!({
        "composite": path("composite"),
        "query": path("query"),
        "sobjects": path("sobjects"),
    })
}

/// An object, as the user may use it.
pub(super) fn object(object: &Object) -> Value {
    let field = |field: &Field| {
        let is_writable = object.is_writable && field.access != Access::ReadOnly;
        json!({
            "name": field.name,
            "type": field.kind.name(),
            "length": field.length,
            "nillable": !field.is_required(),
            "createable": is_writable,
            "updateable": is_writable,
        })
    };
    json!({
        "name": object.name,
        "keyPrefix": object.prefix,
        "queryable": true,
        "retrieveable": true,
        "createable": object.is_writable,
        "updateable": object.is_writable,
        "deletable": object.is_writable,
        "fields": object.fields.iter().map(field).collect::<Value>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_the_names_of_their_releases() {
        let versions = versions();
        let label = |version: &str| {
            let mut versions = versions.as_array().unwrap().iter();
            versions.find(|one| one["version"] == version).unwrap()["label"].clone()
        };
        for (version, name) in [
            ("41.0", "Winter '18"),
            ("50.0", "Winter '21"),
            ("66.0", "Spring '26"),
            ("68.0", "Winter '27"),
        ] {
            assert_eq!(label(version), name);
        }
    }
}
