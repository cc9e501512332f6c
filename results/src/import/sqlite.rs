//! oha's SQLite (`--db-url`): a row a request, times in seconds, of one or more runs.

use std::io::{self, Write};

use anyhow::{Context, ensure};
use judge::trace::Outcome;
use rusqlite::{Connection, OpenFlags, Row};

use super::bursts::Key;
use super::format::Format;
use super::hey::DROPS_FAILURES;
use super::{Bursts, Request, Source};
use crate::input::Broken;

/// What a file of SQLite's begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// One that is packed is unpacked to a file; a larger one is not.
const LONGEST: u64 = 16 * 1024 * 1024 * 1024;

/// The format.
pub const FORMAT: Format = Format {
    tool: "oha",
    name: "SQLite",
    detect: |head| head.bytes.starts_with(MAGIC),
    read,
    has_timestamps: false,
    drops_failures: true,
    is_summary: false,
    lacks: &[DROPS_FAILURES],
};

fn read(Source { input, path, .. }: &mut Source, bursts: &mut Bursts) -> anyhow::Result<()> {
    let plain = match path {
        Some(path) => std::fs::File::open(&*path)?.starts_with(MAGIC)?.then_some(path),
        None => None,
    };
    // SQLite reads files only.
    let mut unpacked = tempfile::NamedTempFile::new()?;
    if plain.is_none() {
        let mut limited = io::Read::take(input.rest(), LONGEST);
        io::copy(&mut limited, &mut unpacked).context("could not be unpacked")?;
        unpacked.flush()?;
    }
    let path = plain.map_or(unpacked.path(), |path| path.as_path());
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count: i64 = database
        .query_row("select count(*) from sqlite_master where type = 'table' and name = 'oha'", [], |row| {
            row.get(0)
        })
        .context("this is no whole SQLite database")?;
    ensure!(count == 1, "this SQLite database has no table `oha`: it isn't oha's");
    let runs: i64 = database
        .query_row("select count(distinct run) from oha", [], |row| row.get(0))
        .context("its table `oha` isn't as oha writes it")?;
    let mut requests = database
        .prepare("select url, start, start_latency_correction, \"end\", duration, status, run from oha")
        .context("its table `oha` isn't as oha writes it")?;
    let mut rows = requests.query([])?;
    let mut broken = Broken::default();
    let mut number = 0_u64;
    while let Some(row) = rows.next()? {
        number += 1;
        let added =
            request(row, runs > 1).map_err(|error| error.to_string()).and_then(|request| bursts.add(request));
        added.unwrap_or_else(|why| broken.add(&format!("row {number}"), why));
    }
    bursts.add_broken(broken);
    Ok(())
}

fn request(row: &Row, is_named: bool) -> rusqlite::Result<Request> {
    let (url, start, correction): (String, f64, Option<f64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (end, status, run): (f64, u16, i64) = (row.get(3)?, row.get(5)?, row.get(6)?);
    let began = correction.unwrap_or(start);
    Ok(Request {
        // Each run has a clock of its own.
        key: Key { setup: if is_named { format!("run {run}") } else { String::new() }, url },
        began_ns: (began * 1e9) as i64,
        took_us: (end - began) * 1e6,
        outcome: Outcome::Answered(status),
        ..Request::default()
    })
}

trait StartsWith {
    fn starts_with(self, bytes: &[u8]) -> io::Result<bool>;
}

impl<R: io::Read> StartsWith for R {
    fn starts_with(mut self, bytes: &[u8]) -> io::Result<bool> {
        let mut head = vec![0; bytes.len()];
        Ok(self.read_exact(&mut head).is_ok() && head == bytes)
    }
}
