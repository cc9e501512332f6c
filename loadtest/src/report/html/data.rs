//! The result in the page: as JSON if it is short, else gzipped, else without requests.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use results::document::{Burst, Document, Run};
use sha2::{Digest, Sha256};

/// The size limit of plain JSON. The page must stay below 2 MB.
const MAX_PLAIN: usize = 900_000;
/// The size limit of gzipped JSON in base 64.
const MAX_GZIPPED: usize = 1_300_000;

/// The content that the page's script offers as `result.json`.
pub struct Data {
    /// The type of the content: JSON, or gzipped JSON in base 64.
    pub kind: &'static str,
    /// The content, escaped for a script element.
    pub text: String,
    /// Whether the requests are left out.
    pub is_cut: bool,
}

impl Data {
    /// Encodes `document`.
    pub fn new(document: &Document) -> serde_json::Result<Self> {
        let json = serde_json::to_string(document)?;
        if json.len() <= MAX_PLAIN {
            return Ok(Self::plain(json, false));
        }
        let gzipped = gzipped(&json).map_err(serde_json::Error::io)?;
        if gzipped.len() <= MAX_GZIPPED {
            return Ok(Self { kind: "application/gzip;base64", text: gzipped, is_cut: false });
        }
        let json = serde_json::to_string(&without_requests(document))?;
        match json.len() <= MAX_PLAIN {
            true => Ok(Self::plain(json, true)),
            // A very large number of bursts is too long even without requests.
            false => Ok(Self::plain(
                serde_json::to_string(&Document { runs: Vec::new(), ..document.clone() })?,
                true,
            )),
        }
    }

    /// Escapes `<`, which could end the element. JSON has it in strings only.
    fn plain(json: String, is_cut: bool) -> Self {
        Self { kind: "application/json", text: json.replace('<', "\\u003c"), is_cut }
    }
}

fn gzipped(json: &str) -> std::io::Result<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json.as_bytes())?;
    Ok(STANDARD.encode(encoder.finish()?))
}

fn without_requests(document: &Document) -> Document {
    let bare = |burst: &Burst| Burst { requests: Vec::new(), ..burst.clone() };
    let run = |run: &Run| Run { bursts: run.bursts.iter().map(bare).collect(), ..run.clone() };
    Document { runs: document.runs.iter().map(run).collect(), ..document.clone() }
}

/// Returns the hash of `script` for a content security policy.
pub fn sha256(script: &str) -> String {
    STANDARD.encode(Sha256::digest(script))
}
