//! The formats that results are kept in, and the folder that they are written to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use results::document::Document;

use super::{csv, html, json, junit, markdown};

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// All that was measured and judged
    Json,
    /// A page with a drawing of each burst, which needs nothing else
    Html,
    /// A line a request
    Csv,
    /// A table and drawings in characters, for an issue or a README
    Markdown,
    /// A test case a burst, for CI
    Junit,
}

impl Format {
    /// All.
    pub const ALL: [Self; 5] = [Self::Json, Self::Html, Self::Csv, Self::Markdown, Self::Junit];

    /// The file's name.
    pub fn file(self) -> &'static str {
        match self {
            Self::Json => "result.json",
            Self::Html => "report.html",
            Self::Csv => "requests.csv",
            Self::Markdown => "report.md",
            Self::Junit => "junit.xml",
        }
    }

    /// The result in this format.
    ///
    /// # Errors
    ///
    /// Where it can't be told in it.
    pub fn render(self, document: &Document) -> anyhow::Result<String> {
        Ok(match self {
            Self::Json => json::text(document)?,
            Self::Html => html::page(document)?,
            Self::Csv => csv::text(document)?,
            Self::Markdown => markdown::text(document),
            Self::Junit => junit::text(document)?,
        })
    }
}

/// Makes `folder` where it is missing, and shows that it can be written to: better before a long
/// measurement than after.
///
/// # Errors
///
/// Where it can't be.
pub fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let aside = aside(folder, Format::Json);
    fs::write(&aside, "")?;
    fs::remove_file(aside)
}

fn aside(folder: &Path, format: Format) -> PathBuf {
    folder.join(format!(".{}.new", format.file()))
}

/// Writes the result to `folder`, and gives back the file's path.
///
/// The file is replaced whole: a reader never sees half of one, and an older one is lost only when
/// the new one is there.
///
/// # Errors
///
/// Where the folder or the file can't be written.
pub fn write(document: &Document, format: Format, folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join(format.file());
    let aside = aside(folder, format);
    fs::write(&aside, format.render(document)?)?;
    fs::rename(&aside, &path)?;
    Ok(path)
}
