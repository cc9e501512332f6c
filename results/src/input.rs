//! A file as bytes: read once, decompressed if it is gzipped, converted if it is UTF-16, line by line with a bound on the line
//! length.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::ops::RangeBounds;

use anyhow::Context;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;
use serde::Deserializer;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The buffer size.
const BUFFER_BYTES: usize = 64 * 1024;
/// How much [`Input::peek`] returns at most: a text that is pasted around a summary may be long.
const PEEK_BYTES: u64 = 1024 * 1024;
/// UTF-8's byte order mark, which some programs write.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// UTF-16's byte order marks.
const UTF16_MARKS: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
/// The number of lines by which objects of one line are told from objects of several.
const FIRST_LINES: usize = 100;
/// The longest line that is kept in memory. No tool writes a longer row.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// The content of a file.
pub struct Input {
    reader: Box<dyn BufRead>,
    is_utf16: bool,
    is_peeked: bool,
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
    /// Wraps `reader`, decompresses its content if it is gzipped, and converts UTF-16 to UTF-8: PowerShell's `>` writes UTF-16.
    ///
    /// # Errors
    ///
    /// If `reader` can't be read.
    pub fn new(reader: Box<dyn Read>) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        let is_gzip = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let mut reader: Box<dyn BufRead> = match is_gzip {
            true => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(reader))),
            false => Box::new(reader),
        };
        // A damaged archive is reported when it is read.
        let is_utf16 =
            reader.fill_buf().is_ok_and(|head| UTF16_MARKS.iter().any(|mark| head.starts_with(mark)));
        if is_utf16 {
            let decoded = DecodeReaderBytesBuilder::new().bom_sniffing(true).strip_bom(true).build(reader);
            reader = Box::new(BufReader::with_capacity(BUFFER_BYTES, decoded));
        }
        Ok(Self { reader, is_utf16, is_peeked: false, line: Vec::new(), number: 0 })
    }

    /// Whether the content was UTF-16.
    pub fn is_utf16(&self) -> bool {
        self.is_utf16
    }

    /// Returns the first bytes, at most 1 MiB, without consuming them. A pipe is read until it has so many, or ends.
    ///
    /// # Errors
    ///
    /// If the content can't be read.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        if !self.is_peeked {
            let mut head = Vec::new();
            (&mut *self.reader).take(PEEK_BYTES).read_to_end(&mut head)?;
            let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
            self.reader = Box::new(Cursor::new(head).chain(rest));
            self.is_peeked = true;
        }
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

    /// Calls `row` for each JSON object: one on each line; or, if the first line isn't a whole object, one after the other or in an
    /// array, as `jq` prints them. Text before the first object is left out. Returns the rows that `row` rejected or that are too
    /// long; the first one that isn't JSON ends a file of objects over several lines.
    ///
    /// # Errors
    ///
    /// If the content can't be read.
    pub fn each_json(
        &mut self,
        mut row: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> anyhow::Result<RejectedRows> {
        let start = JsonStart::of(self.peek()?);
        self.reader.consume(start.offset);
        self.number += start.lines;
        if start.is_one_per_line {
            return self.each_line(row);
        }
        let mut rejected = RejectedRows::default();
        let mut count = 0_u64;
        let mut each = |value: &RawValue| {
            count += 1;
            row(value.get().as_bytes())
                .unwrap_or_else(|error| rejected.add(&format!("object {count}"), error));
        };
        let mut json = serde_json::Deserializer::from_reader(&mut *self.reader);
        let ended = match start.is_array {
            true => json.deserialize_seq(Elements(&mut each)),
            false => json.into_iter::<Box<RawValue>>().try_for_each(|value| value.map(|value| each(&value))),
        };
        if let Err(error) = ended {
            ensure_json(&error)?;
            let position = format!("line {}, column {}", start.lines + error.line() as u64, error.column());
            rejected.add(&position, format!("{}; the rest is not read", json_message(&error)));
        }
        Ok(rejected)
    }
}

/// Where the JSON of a file begins, and its form.
struct JsonStart {
    offset: usize,
    /// The number of lines before it.
    lines: u64,
    is_one_per_line: bool,
    is_array: bool,
}

impl JsonStart {
    fn of(head: &[u8]) -> Self {
        let mut start = Self { offset: 0, lines: 0, is_one_per_line: true, is_array: false };
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
            // A prompt may begin with a bracket, too.
            if let [first @ (b'{' | b'['), rest @ ..] = text.trim_ascii()
                && (*first == b'{' || matches!(rest.trim_ascii_start(), [] | [b'{', ..]))
            {
                let end = start.offset + line.len();
                start.offset = end - text.len();
                start.is_array = *first == b'[';
                // A line that is longer than the head is still a line.
                let is_long = end == head.len() && !rest.is_empty();
                start.is_one_per_line = !start.is_array && (is_long || has_whole_line(&head[start.offset..]));
                return start;
            }
            start.offset += line.len();
            start.lines += 1;
        }
        Self { offset: 0, lines: 0, ..start }
    }
}

/// Whether one of the first lines is a whole object. One of them may be damaged.
fn has_whole_line(text: &[u8]) -> bool {
    let mut objects =
        text.split(|byte| *byte == b'\n').take(FIRST_LINES).filter(|line| line.starts_with(b"{"));
    objects.any(|line| serde_json::from_slice::<IgnoredAny>(line).is_ok())
}

/// The elements of an array, which are passed on one by one.
struct Elements<F>(F);

impl<'de, F: FnMut(&RawValue)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(value) = array.next_element::<Box<RawValue>>()? {
            (self.0)(&value);
        }
        Ok(())
    }
}

/// Returns an error if the content can't be read, as opposed to one that isn't JSON.
fn ensure_json(error: &serde_json::Error) -> io::Result<()> {
    match error.io_error_kind() {
        Some(kind) => Err(io::Error::new(kind, error.to_string())),
        None => Ok(()),
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

/// Returns the message of an error in a line of JSON, with its column.
pub fn json_error(error: &serde_json::Error) -> String {
    format!("column {}: {}", error.column(), json_message(error))
}

/// Returns the message of an error in JSON without its position.
pub fn json_message(error: &serde_json::Error) -> String {
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
