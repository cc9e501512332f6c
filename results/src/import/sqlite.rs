//! oha's SQLite (`--db-url`): one row for each request of one or more runs, times in seconds.

use std::io::{self, Write};

use anyhow::{Context, ensure};
use judge::trace::Outcome;
use rusqlite::{Connection, OpenFlags, Row};

use super::collector::{Collector, Key, Request};
use super::format::{DROPS_FAILURES, Format};
use super::source::Source;
use crate::input::RejectedRows;

/// The beginning of an SQLite file.
const MAGIC: &str = "SQLite format 3\0";
/// The size limit of a temporary file with decompressed content.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// The format.
pub(super) const FORMAT: Format = Format {
    tool: "oha",
    name: "SQLite",
    detect: |head| head.is_sqlite,
    read,
    has_timestamps: false,
    drops_failures: true,
    is_summary: false,
    lacks: &[DROPS_FAILURES],
};

fn read(Source { input, path, .. }: &mut Source, collector: &mut Collector) -> anyhow::Result<()> {
    let plain = match path {
        Some(path) => std::fs::File::open(&*path)?.starts_with(MAGIC.as_bytes())?.then_some(path),
        None => None,
    };
    // SQLite reads only files.
    let mut copy = tempfile::NamedTempFile::new()?;
    if plain.is_none() {
        let mut limited = io::Read::take(input.remaining(), MAX_FILE_BYTES);
        io::copy(&mut limited, &mut copy).context("could not be decompressed")?;
        copy.flush()?;
    }
    let path = plain.map_or(copy.path(), |path| path.as_path());
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count: i64 = database
        .query_row("select count(*) from sqlite_master where type = 'table' and name = 'oha'", [], |row| {
            row.get(0)
        })
        .context("this SQLite database is incomplete")?;
    ensure!(count == 1, "this SQLite database is not oha's: it has no table `oha`");
    let runs: i64 = database
        .query_row("select count(distinct run) from oha", [], |row| row.get(0))
        .context("its table `oha` has other columns than oha writes")?;
    let mut requests = database
        .prepare("select url, start, start_latency_correction, \"end\", duration, status, run from oha")
        .context("its table `oha` has other columns than oha writes")?;
    let mut rows = requests.query([])?;
    let mut rejected = RejectedRows::default();
    let mut number = 0_u64;
    while let Some(row) = rows.next()? {
        number += 1;
        let added = request(row, runs > 1)
            .map_err(|error| error.to_string())
            .and_then(|request| collector.add(request));
        added.unwrap_or_else(|error| rejected.add(&format!("row {number}"), error));
    }
    collector.add_rejected(rejected);
    Ok(())
}

fn request(row: &Row, has_runs: bool) -> rusqlite::Result<Request> {
    let (url, start, correction): (String, f64, Option<f64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (end, status, run): (f64, u16, i64) = (row.get(3)?, row.get(5)?, row.get(6)?);
    let begin = correction.unwrap_or(start);
    Ok(Request {
        // Each run counts its times from its own start.
        key: Key { setup: if has_runs { format!("run {run}") } else { String::new() }, url },
        start_ns: (begin * 1e9) as i64,
        duration_us: (end - begin) * 1e6,
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

#[cfg(test)]
mod tests {
    use judge::verdict::Kind;

    use crate::import::tests::samples::{options, read, served};

    #[test]
    fn sqlite_is_read_run_by_run() {
        let database = tempfile::NamedTempFile::new().unwrap();
        let connection = rusqlite::Connection::open(database.path()).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE oha (url TEXT NOT NULL, start REAL NOT NULL, start_latency_correction REAL, end REAL NOT NULL,
                 duration REAL NOT NULL, status INTEGER NOT NULL, len_bytes INTEGER NOT NULL, run INTEGER NOT NULL)",
            )
            .unwrap();
        for (run, at_a_time) in [(1, 10), (2, 1)] {
            for (began, took) in served(at_a_time) {
                let values = (began, began + took, took, run);
                connection
                    .execute("INSERT INTO oha VALUES ('/e1/p1', ?1, NULL, ?2, ?3, 200, 178, ?4)", values)
                    .unwrap();
            }
        }
        connection.execute("INSERT INTO oha VALUES ('/', 'x', NULL, 1, 1, 200, 1, 1)", ()).unwrap();
        let document = read(&std::fs::read(database.path()).unwrap(), &options()).unwrap();
        let kinds: Vec<_> =
            document.runs.iter().map(|run| (run.setup.as_str(), run.bursts[0].verdict.kind)).collect();
        assert_eq!(kinds, [("run 1", Kind::Parallel), ("run 2", Kind::Sequential)]);
        assert_eq!(document.source.unwrap().broken_rows, 1);
    }
}
