//! Runs `loadtest burst` to its end.

use judge::verdict::Kind;
use results::document::{Burst, Document};

use super::pool::Pool;
use super::{loadtest, stderr, stdout};

pub struct BurstRun {
    pub code: Option<i32>,
    pub document: Option<Document>,
    pub stdout: String,
    pub stderr: String,
}

impl BurstRun {
    /// The result of the first burst.
    pub fn burst(self) -> Burst {
        self.document.expect("result.json").runs.remove(0).bursts.remove(0)
    }
}

/// The number of requests that were sent alone, each over a connection of its own: the warm-up, those before the burst, and the
/// one after it.
pub fn sent_alone(burst: &Burst) -> usize {
    let baseline = burst.baseline.as_ref().expect("a measured baseline");
    baseline.before_ms.len() + baseline.warm_up_ms.iter().chain(&baseline.after_ms).count()
}

/// Runs it with these arguments, and with a folder for its results.
pub async fn burst(args: &[&str]) -> BurstRun {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = loadtest(&["burst", "--out", folder.path().to_str().expect("a plain path")]);
    command.args(args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = output.expect("loadtest starts");
    let text = std::fs::read_to_string(folder.path().join("result.json")).ok();
    BurstRun {
        code: output.status.code(),
        document: text.map(|text| serde_json::from_str(&text).expect("result.json is as documented")),
        stdout: stdout(&output),
        stderr: stderr(&output),
    }
}

/// Fires a burst at the pool, and returns its result.
pub async fn judged(pool: &Pool, args: &[&str]) -> Burst {
    let run = burst(&[args, &[&pool.url]].concat()).await;
    // 4: on a busy machine the verdict on a short burst is untrusted, but its counts are right.
    assert!(matches!(run.code, Some(0 | 4)), "{}", run.stderr);
    run.burst()
}

/// Fires a burst at the pool, again if the machine was too busy for a verdict.
pub async fn conclusive(pool: &Pool, args: &[&str]) -> Burst {
    for _ in 0..4 {
        let burst = judged(pool, args).await;
        if burst.verdict.kind != Kind::Inconclusive {
            return burst;
        }
    }
    judged(pool, args).await
}
