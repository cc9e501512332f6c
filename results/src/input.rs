//! A file that is read once: unpacked where it is packed, a line at a time, with lines of any length in bounded memory.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::RangeBounds;

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;

/// How much is looked at to know what it is; also how much is read at a time.
const PEEK: usize = 64 * 1024;
/// The mark that some programs put before UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// A longer line is no request of anybody's.
const LONGEST: usize = 4 * 1024 * 1024;

/// What is in the file.
pub struct Input {
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
}

/// A line.
pub struct Line<'a> {
    /// Counted from 1.
    pub number: u64,
    /// Without its end; `None` where it was longer than any request's.
    pub text: Option<&'a [u8]>,
}

impl Input {
    /// The content of `reader`, unpacked if it is gzipped.
    ///
    /// # Errors
    ///
    /// If `reader` can't be read.
    pub fn of(reader: Box<dyn Read>) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(PEEK, reader);
        let is_packed = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead> = match is_packed {
            true => Box::new(BufReader::with_capacity(PEEK, MultiGzDecoder::new(reader))),
            false => Box::new(reader),
        };
        Ok(Self { reader, line: Vec::new(), number: 0 })
    }

    /// What it begins with.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// All of it that is left, as it comes.
    pub fn rest(&mut self) -> &mut dyn BufRead {
        &mut *self.reader
    }

    /// The next line; `None` at the end.
    pub fn line(&mut self) -> anyhow::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut limited = (&mut *self.reader).take(LONGEST as u64);
        let count = limited
            .read_until(b'\n', &mut self.line)
            .with_context(|| format!("after line {}", self.number))?;
        if count == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.number == 1 && self.line.starts_with(MARK) {
            self.line.drain(..MARK.len());
        }
        let is_whole = self.line.last() == Some(&b'\n') || count < LONGEST;
        if !is_whole {
            self.skip_line().with_context(|| format!("line {}", self.number))?;
        }
        while self.line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.pop();
        }
        Ok(Some(Line { number: self.number, text: is_whole.then_some(&self.line) }))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(used);
            if done {
                return Ok(());
            }
        }
    }

    /// Goes through all lines but empty ones, and counts those of which `row` says that something is wrong.
    pub fn each_line(&mut self, mut row: impl FnMut(&[u8]) -> Result<(), String>) -> anyhow::Result<Broken> {
        let mut broken = Broken::default();
        while let Some(Line { number, text }) = self.line()? {
            let done = match text {
                Some([]) => Ok(()),
                Some(text) => row(text),
                None => Err(format!("longer than {} MiB", LONGEST / 1024 / 1024)),
            };
            done.unwrap_or_else(|why| broken.add(&format!("line {number}"), why));
        }
        Ok(broken)
    }
}

/// Rows that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Broken {
    /// How many.
    pub count: usize,
    /// Where the first is, and what is wrong with it.
    pub first: Option<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.count == 1 { "row" } else { "rows" };
        let first = self.first.as_deref().unwrap_or_default();
        write!(f, "{} {rows} could not be read, the first: {first}", self.count)
    }
}

impl Broken {
    /// One more.
    pub fn add(&mut self, place: &str, why: String) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("{place}: {why}"));
    }

    /// Those of both.
    pub fn extend(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }
}

/// The fields of one line of CSV, as many as are allowed.
pub fn fields(line: &[u8], allowed: impl RangeBounds<usize>) -> Result<csv::StringRecord, String> {
    let fields = split(line)?;
    match allowed.contains(&fields.len()) {
        true => Ok(fields),
        false => Err(format!("a row of {} fields", fields.len())),
    }
}

fn split(line: &[u8]) -> Result<csv::StringRecord, String> {
    // Most lines have no quotes, and then need no reader, which takes its time to be made.
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

/// What is wrong with a line of JSON; whoever asks knows which line that is.
pub fn json_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// A number that can be a time or a count: finite, and not below 0.
pub fn number(text: Option<&str>, what: &str) -> Result<f64, String> {
    let number: Option<f64> = text.and_then(|text| text.trim().parse().ok());
    let allowed = number.filter(|number| number.is_finite() && *number >= 0.0);
    allowed.ok_or_else(|| {
        format!("{what} is {:?}, and a number of 0 or more is allowed", text.unwrap_or_default())
    })
}
