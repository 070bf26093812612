//! What a request's connection has to do with it.

use std::{fmt::Debug, sync::Arc};

/// What the server says of a request's connection, in the request's extensions. The connection is being answered until the last
/// clone is gone.
#[derive(Clone, Debug)]
pub struct OfConnection {
    _busy: Arc<dyn Keep>,
    crowded: Option<usize>,
}

/// Something that is kept until an answer has left.
trait Keep: Debug + Send + Sync {}

impl<T: Debug + Send + Sync> Keep for T {}

impl OfConnection {
    /// `busy` is kept until the answer has left; `crowded` tells how many connections may be answered at a time, where this one
    /// is one too many.
    pub(crate) fn new<T: Debug + Send + Sync + 'static>(busy: T, crowded: Option<usize>) -> Self {
        Self {
            _busy: Arc::new(busy),
            crowded,
        }
    }

    /// How many connections may be answered at a time, where this one is one too many.
    #[must_use]
    pub fn crowded(&self) -> Option<usize> {
        self.crowded
    }
}
