//! The beginning of a file, by which its format is detected.

use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use super::text::clean;
use crate::input::Input;

/// The most places in a text where a JSON object is looked for.
const MAX_PLACES: usize = 20;

/// The beginning of a file, at most 1 MiB.
pub struct Head {
    /// The bytes as text, without byte order mark, colours and leading white space. Invalid UTF-8 is replaced.
    pub text: String,
    /// The first line of the text.
    pub line: String,
    /// Whether it begins with the bytes of an SQLite file.
    pub is_sqlite: bool,
    /// The keys of the first JSON object at the beginning of a line, as far as it is complete.
    keys: Vec<String>,
}

/// The beginning of an SQLite file.
const SQLITE: &[u8] = b"SQLite format 3\0";

impl Head {
    /// Returns the beginning of `input` without consuming it.
    pub fn peek(input: &mut Input) -> anyhow::Result<Self> {
        let bytes = input.peek()?;
        let is_sqlite = bytes.starts_with(SQLITE);
        let text = String::from_utf8_lossy(bytes);
        let text = clean(text.trim_start_matches('\u{feff}')).trim_start().to_owned();
        let line = text.lines().next().unwrap_or_default().trim_end().to_owned();
        let keys = object(&text).map(|(_, keys)| keys).unwrap_or_default();
        Ok(Self { text, line, is_sqlite, keys })
    }

    /// Whether the first JSON object has all these keys.
    pub fn has(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.keys.iter().any(|other| other == key))
    }

    /// Whether a line begins like this.
    pub fn has_line(&self, start: &str) -> bool {
        self.text.lines().any(|line| line.trim_start().starts_with(start))
    }

    /// Whether the text has all these parts.
    pub fn mentions(&self, parts: &[&str]) -> bool {
        parts.iter().all(|part| self.text.contains(part))
    }
}

/// Returns where the first JSON object begins that stands at the beginning of a line, and its keys. An array counts as its first
/// object. A damaged object is skipped if a later line begins with a whole one: the lines of nested objects are indented.
pub fn object(text: &str) -> Option<(usize, Vec<String>)> {
    let mut at = 0;
    let mut places = 0;
    let mut first = None;
    for line in text.split_inclusive('\n') {
        let inner = line.trim_start_matches(|char: char| char.is_whitespace() || char == '[');
        let is_place = inner.starts_with('{') && (first.is_none() || inner.len() == line.len());
        if is_place && places < MAX_PLACES {
            places += 1;
            let start = at + line.len() - inner.len();
            let (found, is_whole) = keys(&text[start..]);
            if is_whole && !found.is_empty() {
                return Some((start, found));
            }
            first = first.or((!found.is_empty()).then_some((start, found)));
        }
        at += line.len();
    }
    first
}

/// Returns the keys of the object at the beginning of the text, up to the first error, and whether there is none.
fn keys(text: &str) -> (Vec<String>, bool) {
    let mut keys = Keys(Vec::new());
    let is_whole = serde_json::Deserializer::from_str(text).deserialize_map(&mut keys).is_ok();
    (keys.0, is_whole)
}

struct Keys(Vec<String>);

impl<'de> Visitor<'de> for &mut Keys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key()? {
            self.0.push(key);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_first_object() {
        for (text, keys) in [
            ("{\"a\":{\"b\":1},\"c\":2}\n{\"d\":1}", &["a", "c"][..]),
            ("{\n  \"a\": 1,\n  \"b\": [", &["a", "b"]),
            ("$ cat x {\n{}\n [ {\"a\": 1}]", &["a"]),
            ("[\n{\"a\": 1}]", &["a"]),
            ("{\"a\": {\"x\": 1}\n{\"b\": 1}\n", &["b"]),
            ("{\n  \"a\": [\n    {\"b\": 1},\n    {\"b", &["a"]),
            ("no object {\"a\": 1}", &[]),
        ] {
            assert_eq!(object(text).map(|(_, keys)| keys).unwrap_or_default(), keys, "{text}");
        }
        assert_eq!(object("ab\n  {\"a\":1}").unwrap().0, 5);
    }
}
