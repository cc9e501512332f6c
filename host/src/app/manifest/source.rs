//! The text of the manifest that is being read.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use crate::app::error::{Located, ManifestError, ManifestErrors, position_of};

/// The manifest's path and text. Turns the parser's spans into positions, and collects errors and warnings, so that the
/// user gets all of them at once.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
    errors: RefCell<Vec<ManifestError>>,
    warnings: RefCell<Vec<ManifestError>>,
}

impl<'a> Source<'a> {
    pub fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, errors: RefCell::default(), warnings: RefCell::default() }
    }

    /// Adds the error of `result` to the errors of the manifest.
    pub fn keep<T>(&self, result: Result<T, ManifestError>) -> Option<T> {
        result.map_err(|error| self.errors.borrow_mut().push(error)).ok()
    }

    /// Adds an error at the position of `value`.
    pub fn report<T>(&self, value: &Spanned<T>, message: &str) {
        self.errors.borrow_mut().push(self.error_at(value, message));
    }

    /// Adds a warning at the position of `value`.
    pub fn warn<T>(&self, value: &Spanned<T>, message: &str) {
        self.warnings.borrow_mut().push(self.error_at(value, message));
    }

    /// Returns the warnings, or the errors if there are any.
    pub fn finish(self) -> Result<Vec<ManifestError>, ManifestErrors> {
        ManifestErrors::none_of(self.errors.into_inner())?;
        let mut warnings = self.warnings.into_inner();
        warnings.sort_by_key(|warning| warning.position);
        Ok(warnings)
    }

    pub fn error(&self, span: Option<Range<usize>>, message: &str) -> ManifestError {
        ManifestError::at(self.path, self.text, span, message)
    }

    /// Returns an error at the position of `value`.
    pub fn error_at<T>(&self, value: &Spanned<T>, message: &str) -> ManifestError {
        self.error(Some(value.span()), message)
    }

    /// Adds an error if a key that this host doesn't offer has a value. An empty list or table is allowed: it asks for
    /// nothing.
    pub fn reject_unsupported(&self, key: &str, value: &Option<Spanned<toml::Value>>) {
        if let Some(value) = value.as_ref().filter(|value| !is_empty(value.get_ref())) {
            let message = format!("{key} is not offered by the embedded host; run this app with `spin up`");
            self.report(value, &message);
        }
    }

    /// Returns `value` with the position of `at`.
    pub fn located<T, U>(&self, at: &Spanned<T>, value: U) -> Located<U> {
        Located { value, position: position_of(self.text, at.span().start) }
    }

    /// Adds an error if the id isn't kebab case, as Spin requires.
    pub fn check_kebab_id(&self, id: &Spanned<String>) {
        if !is_kebab(id.get_ref()) {
            let message = "a component's id consists of words joined by dashes; each word starts with a letter and has \
                           only letters and digits";
            self.report(id, message);
        }
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
