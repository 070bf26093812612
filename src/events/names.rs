//! Names from outside: shortened, without control characters, and shared by the events that have them in common.

use std::{borrow::Cow, sync::Arc};

/// The maximum length of a message's id, in bytes.
pub(super) const MAX_MESSAGE: usize = 100;

/// The maximum length of any other name, in bytes: that of the longest API names.
pub(super) const MAX_NAME: usize = 60;

/// The number of names that are remembered. A service has few destinations and objects.
const MAX_NAMES: usize = 32;

/// The names of the last events.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: Vec<Arc<str>>,
    /// The name to be replaced next.
    oldest: usize,
}

impl Names {
    /// The name, shortened.
    pub(super) fn shared(&mut self, name: &str) -> Arc<str> {
        match self.known(name) {
            Some(known) => known,
            None => self.shortened(name),
        }
    }

    /// The name, if it is known as it is.
    pub(super) fn known(&self, name: &str) -> Option<Arc<str>> {
        let known = self.known.iter().find(|known| ***known == *name);
        known.cloned()
    }

    #[cold]
    fn shortened(&mut self, name: &str) -> Arc<str> {
        let name = shortened(name, MAX_NAME);
        if let Some(known) = self.known(&name) {
            return known;
        }
        let name: Arc<str> = name.into();
        if self.known.len() < MAX_NAMES {
            self.known.push(Arc::clone(&name));
        } else {
            self.known[self.oldest] = Arc::clone(&name);
            self.oldest = (self.oldest + 1) % MAX_NAMES;
        }
        name
    }
}

/// A name of at most `most` bytes, without control characters.
pub(super) fn shortened(name: &str, most: usize) -> Cow<'_, str> {
    let is_plain = name.len() <= most && name.bytes().all(|byte| (b' '..127).contains(&byte));
    if is_plain {
        return Cow::Borrowed(name);
    }
    let shown = |letter: char| {
        if letter.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            letter
        }
    };
    let mut short: String = name.chars().take(most + 1).map(shown).collect();
    if short.len() > most {
        short.truncate(short.floor_char_boundary(most - '…'.len_utf8()));
        short.push('…');
    }
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_on_one_line() {
        assert_eq!(shortened("Lead", 60), "Lead");
        assert_eq!(shortened("a\nb\u{9b}", 60), "a\u{FFFD}b\u{FFFD}");
        assert_eq!(shortened("ééé", 6), "ééé");
        assert_eq!(shortened("éééé", 6), "é…");
        assert_eq!(shortened(&"x".repeat(99), 6), "xxx…");
    }

    #[test]
    fn events_share_their_names_and_few_are_remembered() {
        let mut names = Names::default();
        let first = names.shared("dst-1");
        assert!(Arc::ptr_eq(&first, &names.shared("dst-1")));
        for number in 0..MAX_NAMES {
            names.shared(&number.to_string());
        }
        assert!(!Arc::ptr_eq(&first, &names.shared("dst-1")));
        assert_eq!(names.known.len(), MAX_NAMES);
    }
}
