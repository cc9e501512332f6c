//! Reports of results, one file for each format. Nothing is computed here.
//!
//! A format is one file with a [`Format`] in it, and one row in [`FORMATS`].

pub mod audit;
pub mod capacity;
pub mod compare;
pub(crate) mod csv;
pub mod diagnosis;
pub(crate) mod files;
mod format;
pub(crate) mod github;
pub(crate) mod hey;
pub mod html;
pub mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod terminal;
mod wrap;

use clap::ValueEnum;
use clap::builder::PossibleValue;

pub use format::Format;

/// The formats of results, in the order in which they are written.
pub static FORMATS: [Format; 5] = [json::FORMAT, html::FORMAT, csv::FORMAT, markdown::FORMAT, junit::FORMAT];

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.help))
    }
}

/// The help text of `--out`, with the names of all files.
pub(crate) fn out_help() -> String {
    let files: Vec<&str> = FORMATS.iter().map(|format| format.file).collect();
    let (last, others) = files.split_last().unwrap_or((&"", &[]));
    format!("Write the results to this folder: {} and {last}", others.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn formats_have_different_names_and_files() {
        let names: BTreeSet<&str> = FORMATS.iter().map(|format| format.name).collect();
        let files: BTreeSet<&str> = FORMATS.iter().map(|format| format.file).collect();
        assert_eq!((names.len(), files.len()), (FORMATS.len(), FORMATS.len()));
        assert_eq!(
            out_help(),
            "Write the results to this folder: result.json, report.html, requests.csv, report.md and junit.xml"
        );
    }
}
