//! Files and standard output, through the standard library.

use std::fs;
use std::io;

use http::StatusCode;

use crate::answer::{Answer, error, text};

/// The file's contents.
pub fn read(path: &str) -> Answer {
    answer(fs::read(path))
}

/// The names in the directory, sorted, a line each.
pub fn list(path: &str) -> Answer {
    answer(names(path).map(|names| names.join("\n")))
}

fn names(path: &str) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Whether the file could be written.
pub fn write(path: &str) -> Answer {
    answer(fs::write(path, "written by a guest\n").map(|()| "written"))
}

/// Prints the line to standard output and to standard error.
pub fn print(line: &str) -> Answer {
    println!("{line}");
    eprintln!("{line}");
    text("printed")
}

/// The error's kind only: its text differs by the host's system.
fn answer(result: io::Result<impl Into<Vec<u8>>>) -> Answer {
    match result {
        Ok(body) => text(body),
        Err(reason) => error(StatusCode::INTERNAL_SERVER_ERROR, &format_args!("{:?}", reason.kind())),
    }
}
