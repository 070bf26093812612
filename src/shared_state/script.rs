//! Scripts of the store, calls of them, and their answers.

use std::fmt;

use redis::{Cmd, RedisWrite, ToRedisArgs, ToSingleRedisArg, Value, cmd};

use super::names::EntryName;

/// A script (Lua) that runs in the store. It takes all its entries as keys, and all of them belong to one org.
pub(crate) struct Script {
    code: &'static str,
    hash: String,
}

impl Script {
    /// A script with this code.
    #[must_use]
    pub(crate) fn new(code: &'static str) -> Self {
        let hash = redis::Script::new(code).get_hash().to_owned();
        Self { code, hash }
    }
}

/// Shows the hash, by which the store lists it.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Script").field(&self.hash).finish()
    }
}

/// An argument of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    /// Bytes or text.
    Bytes(Vec<u8>),
    /// A number.
    Int(i64),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Bytes(text.into_bytes())
    }
}

impl From<Vec<u8>> for Arg {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Milliseconds.
impl From<std::time::Duration> for Arg {
    fn from(time: std::time::Duration) -> Self {
        Self::from(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }
}

impl ToRedisArgs for Arg {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        match self {
            Self::Bytes(bytes) => out.write_arg(bytes),
            Self::Int(number) => number.write_redis_args(out),
        }
    }
}

impl ToSingleRedisArg for Arg {}

/// A call of a script, with its keys and arguments.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The script.
    pub(crate) script: &'static Script,
    /// The entries that it reads and writes.
    pub(crate) keys: Vec<EntryName>,
    /// Its arguments.
    pub(crate) args: Vec<Arg>,
}

impl Call {
    /// The part of the names that the entries of one org share.
    pub(super) fn org(&self) -> Option<&str> {
        self.keys.first().map(EntryName::org)
    }

    /// The command that runs the script by its hash.
    pub(super) fn by_hash(&self) -> Cmd {
        self.command("EVALSHA", &self.script.hash)
    }

    /// The command that sends the script along, for a store that does not know it.
    pub(super) fn by_code(&self) -> Cmd {
        self.command("EVAL", self.script.code)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(self.keys.len());
        for key in &self.keys {
            command.arg(key);
        }
        for arg in &self.args {
            command.arg(arg);
        }
        command
    }
}

/// What a script has answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply(pub(super) Value);

impl Reply {
    /// The answer.
    #[must_use]
    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer(&self.0)
    }
}

/// A part of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'r>(&'r Value);

impl<'r> Answer<'r> {
    /// The elements of a list; none if it is no list.
    pub(crate) fn list(self) -> impl ExactSizeIterator<Item = Self> {
        let elements: &[Value] = match self.0 {
            Value::Array(elements) => elements,
            _ => &[],
        };
        elements.iter().map(Self)
    }

    /// Text or bytes.
    #[must_use]
    pub(crate) fn bytes(self) -> Option<&'r [u8]> {
        match self.0 {
            Value::BulkString(bytes) => Some(bytes),
            Value::SimpleString(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// Text.
    #[must_use]
    pub(crate) fn text(self) -> Option<&'r str> {
        self.bytes()
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// A number, or a text that is one.
    #[must_use]
    pub(crate) fn int(self) -> Option<i64> {
        match self.0 {
            Value::Int(number) => Some(*number),
            _ => self.text()?.parse().ok(),
        }
    }
}
