//! The result inside the page: as JSON where that is short, else packed, else without the single requests.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use results::document::{Burst, Document, Run};
use sha2::{Digest, Sha256};

/// The longest that stands there as it is: the page must stay below 2 MB.
const PLAIN: usize = 900_000;
/// The longest that stands there packed.
const PACKED: usize = 1_300_000;

/// What the page's script gives to whoever asks for `result.json`.
pub struct Data {
    /// The content's type: JSON, or JSON packed by gzip in base 64.
    pub kind: &'static str,
    /// The content, safe inside a script element.
    pub text: String,
    /// Whether the requests had to be left out.
    pub is_cut: bool,
}

impl Data {
    /// Of `document`.
    pub fn of(document: &Document) -> serde_json::Result<Self> {
        let json = serde_json::to_string(document)?;
        if json.len() <= PLAIN {
            return Ok(Self::plain(json, false));
        }
        let packed = packed(&json).map_err(serde_json::Error::io)?;
        if packed.len() <= PACKED {
            return Ok(Self { kind: "application/gzip;base64", text: packed, is_cut: false });
        }
        let json = serde_json::to_string(&without_requests(document))?;
        match json.len() <= PLAIN {
            true => Ok(Self::plain(json, true)),
            // However many bursts there are.
            false => Ok(Self::plain(
                serde_json::to_string(&Document { runs: Vec::new(), ..document.clone() })?,
                true,
            )),
        }
    }

    /// No `<` is left that could end the element; JSON needs none outside its strings.
    fn plain(json: String, is_cut: bool) -> Self {
        Self { kind: "application/json", text: json.replace('<', "\\u003c"), is_cut }
    }
}

fn packed(json: &str) -> std::io::Result<String> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(json.as_bytes())?;
    Ok(STANDARD.encode(packer.finish()?))
}

fn without_requests(document: &Document) -> Document {
    let bare = |burst: &Burst| Burst { requests: Vec::new(), ..burst.clone() };
    let run = |run: &Run| Run { bursts: run.bursts.iter().map(bare).collect(), ..run.clone() };
    Document { runs: document.runs.iter().map(run).collect(), ..document.clone() }
}

/// The hash of `script`, as a content security policy names it.
pub fn sha256(script: &str) -> String {
    STANDARD.encode(Sha256::digest(script))
}
