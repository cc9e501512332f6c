//! One error, with its place in the file.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

/// A line and a column, both counted from 1.
pub type Place = (usize, usize);

/// Something of the manifest, with the place where it stands, for errors that show later.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub value: T,
    pub place: Place,
}

/// What is wrong with a manifest, where, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The manifest.
    pub path: PathBuf,
    /// `None` where it is no matter of one place: the file can't be read at all.
    pub place: Option<Place>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl Error {
    /// Of the file at `path`, which holds `text`; `span` is where in it, in bytes.
    pub fn at(path: &Path, text: &str, span: Option<Range<usize>>, message: &str) -> Self {
        Self {
            path: path.to_owned(),
            place: span.map(|span| place(text, span.start)),
            message: message.trim_end().replace('\n', "; "),
        }
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::NotFound => {
                "no such file; name the manifest, or go to the folder that has a spin.toml".into()
            }
            _ => format!("can't be read: {error}"),
        };
        Self { path: path.to_owned(), place: None, message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Error {}

/// The text being read, to turn spans into places.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl Source<'_> {
    pub fn error(&self, span: Option<Range<usize>>, message: &str) -> Error {
        Error::at(self.path, self.text, span, message)
    }

    pub fn at<T>(&self, value: &Spanned<T>, message: &str) -> Error {
        self.error(Some(value.span()), message)
    }

    /// An error where `value` asks for something; an empty list or table asks for nothing.
    pub fn refuse(&self, key: &str, value: &Option<Spanned<toml::Value>>) -> Result<(), Error> {
        match value {
            Some(value) if !is_empty(value.get_ref()) => Err(self.at(
                value,
                &format!("{key} is not offered by the embedded host; run this app with `spin up`"),
            )),
            _ => Ok(()),
        }
    }

    /// `value` with the place of `at`.
    pub fn placed<T, U>(&self, at: &Spanned<T>, value: U) -> Placed<U> {
        Placed { value, place: place(self.text, at.span().start) }
    }

    /// The id, where it is kebab case as Spin wants it: words of letters and digits, each begun by a letter.
    pub fn kebab(&self, id: Spanned<String>) -> Result<String, Error> {
        if is_kebab(id.get_ref()) {
            return Ok(id.into_inner());
        }
        let message =
            "a component's id is words of letters and digits, joined by dashes, each begun by a letter";
        Err(self.at(&id, message))
    }
}

fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Whether `id` can be a component's.
pub(super) fn is_kebab(id: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.chars().all(|char| char.is_ascii_alphanumeric())
    };
    id.split('-').all(word)
}

fn is_empty(value: &toml::Value) -> bool {
    match value {
        toml::Value::Array(list) => list.is_empty(),
        toml::Value::Table(table) => table.is_empty(),
        _ => false,
    }
}
