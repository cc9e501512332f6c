//! The text of the manifest that is being read.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use crate::app::error::{Located, ManifestError, position_of};

/// The manifest's path and text. Turns the parser's spans into positions.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl Source<'_> {
    pub fn error(&self, span: Option<Range<usize>>, message: &str) -> ManifestError {
        ManifestError::at(self.path, self.text, span, message)
    }

    /// Returns an error at the position of `value`.
    pub fn error_at<T>(&self, value: &Spanned<T>, message: &str) -> ManifestError {
        self.error(Some(value.span()), message)
    }

    /// Returns an error if a key that this host doesn't offer has a value. An empty list or table is allowed: it
    /// asks for nothing.
    pub fn reject_unsupported(
        &self,
        key: &str,
        value: &Option<Spanned<toml::Value>>,
    ) -> Result<(), ManifestError> {
        match value {
            Some(value) if !is_empty(value.get_ref()) => Err(self.error_at(
                value,
                &format!("{key} is not offered by the embedded host; run this app with `spin up`"),
            )),
            _ => Ok(()),
        }
    }

    /// Returns `value` with the position of `at`.
    pub fn located<T, U>(&self, at: &Spanned<T>, value: U) -> Located<U> {
        Located { value, position: position_of(self.text, at.span().start) }
    }

    /// Returns the id if it is kebab case, as Spin requires.
    pub fn kebab_id(&self, id: Spanned<String>) -> Result<String, ManifestError> {
        if is_kebab(id.get_ref()) {
            return Ok(id.into_inner());
        }
        let message = "a component's id consists of words joined by dashes; each word starts with a letter and has \
                       only letters and digits";
        Err(self.error_at(&id, message))
    }
}

/// Whether `id` is kebab case: words of ASCII letters and digits, joined by dashes, each starting with a letter.
pub(super) fn is_kebab(id: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.chars().all(|char| char.is_ascii_alphanumeric())
    };
    id.split('-').all(is_word)
}

fn is_empty(value: &toml::Value) -> bool {
    match value {
        toml::Value::Array(list) => list.is_empty(),
        toml::Value::Table(table) => table.is_empty(),
        _ => false,
    }
}
