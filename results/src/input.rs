//! A file as bytes: read once, decompressed if it is gzipped, line by line with a bound on the line length.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::RangeBounds;

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;

/// The buffer size, which is also how much [`Input::peek`] returns at most.
const BUFFER_BYTES: usize = 64 * 1024;
/// UTF-8's byte order mark, which some programs write.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The longest line that is kept in memory. No tool writes a longer row.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// The content of a file.
pub struct Input {
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
}

/// A line of the input.
pub struct Line<'a> {
    /// The line's number, counted from 1.
    pub number: u64,
    /// The text without its line end; `None` if the line is longer than 4 MiB.
    pub text: Option<&'a [u8]>,
}

impl Input {
    /// Wraps `reader`, and decompresses its content if it is gzipped.
    ///
    /// # Errors
    ///
    /// If `reader` can't be read.
    pub fn new(reader: Box<dyn Read>) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        let is_gzip = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead> = match is_gzip {
            true => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(reader))),
            false => Box::new(reader),
        };
        Ok(Self { reader, line: Vec::new(), number: 0 })
    }

    /// Returns the first bytes, at most 64 KiB, without consuming them.
    ///
    /// # Errors
    ///
    /// If the content can't be read.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Returns a reader of the remaining content.
    pub fn remaining(&mut self) -> &mut dyn BufRead {
        &mut *self.reader
    }

    /// Reads the next line; `None` at the end.
    ///
    /// # Errors
    ///
    /// If the content can't be read; the message has the line number.
    pub fn line(&mut self) -> anyhow::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut limited = (&mut *self.reader).take(MAX_LINE_BYTES as u64);
        let count = limited
            .read_until(b'\n', &mut self.line)
            .with_context(|| format!("after line {}", self.number))?;
        if count == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
            self.line.drain(..BYTE_ORDER_MARK.len());
        }
        let is_complete = self.line.last() == Some(&b'\n') || count < MAX_LINE_BYTES;
        if !is_complete {
            self.skip_line().with_context(|| format!("line {}", self.number))?;
        }
        while self.line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.pop();
        }
        Ok(Some(Line { number: self.number, text: is_complete.then_some(&self.line) }))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let (used, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(used);
            if is_end {
                return Ok(());
            }
        }
    }

    /// Calls `row` for each line that is not empty. Returns the rows that `row` rejected or that are too long.
    ///
    /// # Errors
    ///
    /// If the content can't be read.
    pub fn each_line(
        &mut self,
        mut row: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> anyhow::Result<RejectedRows> {
        let mut rejected = RejectedRows::default();
        while let Some(Line { number, text }) = self.line()? {
            let result = match text {
                Some([]) => Ok(()),
                Some(text) => row(text),
                None => Err(format!("longer than {} MiB", MAX_LINE_BYTES / 1024 / 1024)),
            };
            result.unwrap_or_else(|error| rejected.add(&format!("line {number}"), error));
        }
        Ok(rejected)
    }
}

/// Rows that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectedRows {
    /// The number of rows.
    pub count: usize,
    /// The first row's position and error.
    pub first: Option<String>,
}

impl fmt::Display for RejectedRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.count == 1 { "row" } else { "rows" };
        let first = self.first.as_deref().unwrap_or_default();
        write!(f, "{} {rows} could not be read, the first: {first}", self.count)
    }
}

impl RejectedRows {
    /// Adds the row at `position`, such as `line 12`.
    pub fn add(&mut self, position: &str, error: String) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("{position}: {error}"));
    }

    /// Adds the rows of `other`.
    pub fn extend(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }
}

/// Returns the fields of a line of CSV.
///
/// # Errors
///
/// If the line isn't CSV, or its number of fields isn't in `allowed`.
pub fn csv_fields(line: &[u8], allowed: impl RangeBounds<usize>) -> Result<csv::StringRecord, String> {
    let fields = split_csv(line)?;
    match allowed.contains(&fields.len()) {
        true => Ok(fields),
        false => Err(format!("a row of {} fields", fields.len())),
    }
}

fn split_csv(line: &[u8]) -> Result<csv::StringRecord, String> {
    // Most lines have no quotes. Splitting them is much cheaper than a new reader for each line.
    if !line.contains(&b'"') {
        let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
        return Ok(text.split(',').collect());
    }
    let mut record = csv::StringRecord::new();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(line.len().max(1))
        .from_reader(line);
    match reader.read_record(&mut record) {
        Ok(_) => Ok(record),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the message of an error in a line of JSON, without serde's line number: it is always 1.
pub fn json_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Parses a time or a count. `name` names the value in the error.
///
/// # Errors
///
/// If `text` is no number, not finite, or below 0.
pub fn parse_number(text: Option<&str>, name: &str) -> Result<f64, String> {
    let number: Option<f64> = text.and_then(|text| text.trim().parse().ok());
    let allowed = number.filter(|number| number.is_finite() && *number >= 0.0);
    allowed.ok_or_else(|| {
        format!("{name} is {:?}, but a number of 0 or more is expected", text.unwrap_or_default())
    })
}
