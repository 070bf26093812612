//! Links a request to its connection.

use std::{fmt::Debug, sync::Arc};

/// What the server tells a request about its connection, in the request's extensions. The connection counts as busy
/// until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct OfConnection {
    _busy: Arc<dyn Keep>,
    crowded: Option<usize>,
}

/// A value that is kept until an answer has been sent.
trait Keep: Debug + Send + Sync {}

impl<T: Debug + Send + Sync> Keep for T {}

impl OfConnection {
    /// `busy` is kept until the answer has been sent. `crowded` is the limit of connections that may be answered at a
    /// time, if this one exceeds it.
    pub(crate) fn new<T: Debug + Send + Sync + 'static>(busy: T, crowded: Option<usize>) -> Self {
        Self {
            _busy: Arc::new(busy),
            crowded,
        }
    }

    /// The limit of connections that may be answered at a time, if this one exceeds it.
    #[must_use]
    pub fn crowded(&self) -> Option<usize> {
        self.crowded
    }
}
