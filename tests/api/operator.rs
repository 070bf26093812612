//! What an operator may forget or get wrong, with the real process: it does not stop the service, or stops its start with a text
//! that says what to do.
//!
//! | file | what it specifies |
//! |---|---|
//! | `unread` | a log that nobody reads |
//! | `hangup` | SIGHUP: what is read again |
//! | `recording` | a disk that is full or stuck while requests are recorded |
//! | `start` | settings and variables that stop the start, and those that are warned of |

mod hangup;
mod recording;
mod start;
mod unread;
