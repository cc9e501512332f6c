//! Reads `judge/corpus`: bursts at real servers whose limits stand in their configuration, each with what counts as
//! right. `scripts/corpus.sh` records it; `docs/corpus.md` describes it.

mod expected;
mod recording;
mod truth;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use flate2::read::GzDecoder;
use judge::trace::Trace;

use recording::Recording;
use truth::Server;

pub use truth::Truth;

/// A burst of the corpus.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name: server, size, wait, and whether the machine was quiet or busy.
    pub name: String,
    /// What counts as right.
    pub truth: Truth,
    /// The burst.
    pub trace: Trace,
}

/// Returns the folder of the corpus.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../judge/corpus")
}

/// Reads the corpus in `folder`, in the order of the servers' names.
///
/// Accuracy on the entries with [`Truth::held_out`] is reported, but nothing is tuned by them.
///
/// # Errors
///
/// If a file can't be read, or a truth and a trace don't belong together; the message names the file.
pub fn load(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let servers = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut servers: Vec<PathBuf> =
        servers.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    servers.retain(|path| path.is_dir());
    servers.sort();
    let mut entries = Vec::new();
    for server in servers {
        entries.extend(entries_of(&server).with_context(|| server.display().to_string())?);
    }
    ensure!(!entries.is_empty(), "{}: no traces; record them with scripts/corpus.sh", folder.display());
    Ok(entries)
}

/// Reads the bursts at a server.
fn entries_of(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let text = fs::read_to_string(folder.join("truth.toml")).context("truth.toml")?;
    let server: Server = toml::from_str(&text).context("truth.toml")?;
    let file = fs::File::open(folder.join("traces.jsonl.gz")).context("traces.jsonl.gz")?;
    let lines = std::io::read_to_string(GzDecoder::new(file)).context("traces.jsonl.gz")?;
    let mut recordings = BTreeMap::new();
    for (at, line) in lines.lines().enumerate() {
        let recording: Recording =
            serde_json::from_str(line).with_context(|| format!("traces.jsonl.gz, line {}", at + 1))?;
        recordings.insert(recording.name.clone(), recording);
    }
    let mut entries = Vec::new();
    for truth in server.truths() {
        let name = truth.name.clone();
        let Some(recording) = recordings.remove(&name) else { bail!("{name}: a truth without its trace") };
        let trace = recording.trace();
        ensure!(
            trace.schedule.n == truth.n && trace.schedule.c == truth.c,
            "{name}: truth and trace differ in their requests or connections"
        );
        entries.push(Entry { name, truth, trace });
    }
    if let Some(name) = recordings.keys().next() {
        bail!("{name}: a trace without its truth");
    }
    Ok(entries)
}
