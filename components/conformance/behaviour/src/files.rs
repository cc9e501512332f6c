//! Files and standard output, by the standard library.

use std::fs;
use std::io;

use http::StatusCode;

use crate::response::{Response, error, text};

/// The file's contents.
pub fn read(path: &str) -> Response {
    respond(fs::read(path))
}

/// The names in the directory, sorted, one per line.
pub fn list(path: &str) -> Response {
    respond(names(path).map(|names| names.join("\n")))
}

fn names(path: &str) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Writes a fixed text to the file.
pub fn write(path: &str) -> Response {
    respond(fs::write(path, "written by a guest\n").map(|()| "written"))
}

/// Prints the line to standard output and to standard error.
pub fn print(line: &str) -> Response {
    println!("{line}");
    eprintln!("{line}");
    text("printed")
}

/// 200 and the body, or 500 and the error's kind; its text depends on the operating system.
fn respond(result: io::Result<impl Into<Vec<u8>>>) -> Response {
    match result {
        Ok(body) => text(body),
        Err(reason) => error(StatusCode::INTERNAL_SERVER_ERROR, &format_args!("{:?}", reason.kind())),
    }
}
