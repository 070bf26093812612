//! The capabilities of both transformers. rudder-server asks once and relies on the answer until it restarts.

use serde_json::{Map, Value};

use super::{Upstream, UpstreamError};

impl Upstream {
    /// Fetches the features.
    pub(super) async fn ask_features(&self) -> Result<Map<String, Value>, UpstreamError> {
        let request = self.http.get(format!("{}/features", self.url));
        let answer = request.send().await?.error_for_status()?;
        let body = answer.bytes().await?;
        serde_json::from_slice(&body).map_err(|_| UpstreamError::Unreachable)
    }

    /// The upstream's features, overridden by ours; `None` until the upstream has answered. Our destinations are added.
    /// A capability applies to all destinations, so it is advertised only if both transformers have it: otherwise, for
    /// example, a compacted body would reach an upstream that cannot read it.
    #[must_use]
    pub(crate) fn features_with(&self, ours: &Map<String, Value>) -> Option<Map<String, Value>> {
        let mut features = self.features()?;
        for (key, our) in ours {
            let both = match (features.remove(key), our) {
                (Some(Value::Object(mut theirs)), Value::Object(our)) => {
                    theirs.extend(our.clone());
                    Value::Object(theirs)
                }
                (Some(Value::Bool(theirs)), Value::Bool(our)) => Value::Bool(theirs && *our),
                (None, Value::Bool(_)) => Value::Bool(false),
                (Some(theirs), _) => theirs,
                (None, our) => our.clone(),
            };
            features.insert(key.clone(), both);
        }
        Some(features)
    }
}
