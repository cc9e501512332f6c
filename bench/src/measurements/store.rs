//! Calls of a key-value store by guests, beside the same statements in a loop without a host.

use std::time::Instant;

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, params};
use tempfile::TempDir;

use crate::app::STORE;
use crate::client::Client;
use crate::console::note;
use crate::document::Section;
use crate::numbers::Series;
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::System;
use crate::turns::in_turn;

/// The number of calls of a turn, one after the other.
const CALLS: u32 = 2_000;
const OPERATIONS: [&str; 2] = ["get", "set"];
/// The callers, and the routes of the guests among them.
const CALLERS: [(&str, Option<&str>); 3] = [
    ("guest of WASIp2", Some("/wasip2")),
    ("guest of WASIp3", Some("/wasip3")),
    ("rusqlite, no guest", None),
];

struct Subject {
    operation: &'static str,
    caller: &'static str,
    route: Option<&'static str>,
    /// The calls per second of each round.
    rates: Series,
}

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let server = Server::start(&context.programs, System::Embedded, &STORE).await?;
    let mut client = Client::connect(&server.url).await?;
    let database = Database::create()?;
    let mut subjects: Vec<Subject> = Vec::new();
    for operation in OPERATIONS {
        for (caller, route) in CALLERS {
            subjects.push(Subject { operation, caller, route, rates: Series::default() });
        }
    }
    // Round 0 warms up: the key exists, and the statements are prepared.
    for round in 0..=context.rounds {
        for subject in in_turn(&mut subjects, round) {
            let seconds = match subject.route {
                Some(route) => {
                    client.get(&format!("{route}/{}?{CALLS}", subject.operation)).await?.as_secs_f64()
                }
                None => database.repeat(subject.operation == "set")?,
            };
            if round > 0 {
                subject.rates.push(f64::from(CALLS) / seconds);
            }
        }
        note(&format!("round {round} of {}", context.rounds));
    }
    let section = section(title, &server, &subjects);
    server.stop().await;
    Ok(section)
}

/// A database with the host's table and settings.
struct Database {
    connection: Connection,
    _folder: TempDir,
}

impl Database {
    fn create() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let connection =
            Connection::open(folder.path().join("key-value.db")).context("opening a database")?;
        for pragma in ["journal_mode = WAL", "synchronous = NORMAL"] {
            connection.query_row(&format!("PRAGMA {pragma}"), [], |_| Ok(())).optional()?;
        }
        connection.execute(
            "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))",
            [],
        )?;
        Ok(Self { connection, _folder: folder })
    }

    /// Gets or sets the key [`CALLS`] times; returns the seconds.
    fn repeat(&self, sets: bool) -> Result<f64> {
        let began = Instant::now();
        for number in 0..CALLS {
            if sets {
                let sql = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
                           ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
                let value = number.to_le_bytes();
                self.connection.prepare_cached(sql)?.execute(params!["default", "key", value.as_slice()])?;
            } else {
                let sql = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
                let mut statement = self.connection.prepare_cached(sql)?;
                let _: Option<Vec<u8>> =
                    statement.query_row(params!["default", "key"], |row| row.get(0)).optional()?;
            }
        }
        Ok(began.elapsed().as_secs_f64())
    }
}

fn section(title: &str, server: &Server, subjects: &[Subject]) -> Section {
    let text = format!(
        "One guest gets or sets one key {CALLS} times in each turn, one call after the other. This program runs the same \
         statements on an own file with the same settings (WAL, `synchronous = NORMAL`), without a host. The ratio is to that."
    );
    let mut section = Section::new(title, text, &["operation", "caller", "calls/s", "ratio"]);
    for subject in subjects {
        let plain =
            subjects.iter().find(|other| other.route.is_none() && other.operation == subject.operation);
        let ratio = plain.filter(|_| subject.route.is_some()).map(|plain| subject.rates.over(&plain.rates));
        section.row([
            subject.operation.to_owned(),
            subject.caller.to_owned(),
            subject.rates.spread(1.0, 0),
            ratio.map(|ratio| ratio.to_string()).unwrap_or_default(),
        ]);
    }
    section.command(&server.command);
    section
}
