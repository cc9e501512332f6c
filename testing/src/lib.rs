//! What the black-box tests of `host` and `loadtest` share: the guests, servers that run in processes of their own, and
//! clients for them.
//!
//! The functions panic if something goes wrong, as test code does.

mod connection;
mod identity;
mod process;
mod program;
mod raw_client;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::timeout;

pub use connection::is_read;
pub use identity::Identity;
pub use process::Process;
pub use program::Program;
pub use raw_client::{LAST_CHUNK, RawClient};
pub use server::Server;

/// The manifests of the lab's application: WASIp2 and WASIp3.
pub const MANIFESTS: [&str; 2] = ["spin.toml", "spin-wasip3.toml"];
/// The manifests of the conformance guests: WASIp2 and WASIp3.
pub const CONFORMANCE: [&str; 2] =
    ["components/conformance/spin-wasip2.toml", "components/conformance/spin-wasip3.toml"];
/// The files of the conformance guests: WASIp2 and WASIp3.
pub const GUESTS: [&str; 2] = ["conformance_wasip2.wasm", "conformance_wasip3.wasm"];

/// The limit for everything that normally takes a moment, also on a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// The interval in which a state is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The project's folder, where its manifests are.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The absolute path of a guest's file.
pub fn wasm(guest: &str) -> PathBuf {
    let folder = project().canonicalize().expect("the project's folder exists");
    folder.join("components/target/wasm32-wasip2/release").join(guest)
}

/// Polls until `holds` returns `true`, at most for [`TIMEOUT`]. Blocks the thread.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < TIMEOUT, "not within {TIMEOUT:?}: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Polls until `holds` returns `true`, at most for [`TIMEOUT`].
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    within_timeout(what, async {
        while !holds() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    })
    .await;
}

/// Waits for a future, at most for [`TIMEOUT`].
pub async fn within_timeout<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(TIMEOUT, future).await.unwrap_or_else(|_| panic!("not within {TIMEOUT:?}: {what}"))
}

/// Sends a GET request, without a proxy.
pub async fn get(url: String) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::builder().no_proxy().build()?.get(url).send().await
}

/// A response with status 200 and this body.
pub fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

/// Writes a manifest to a temporary folder: one component `guest` for all paths. `app_keys` are added after the
/// application's name, `component_keys` to the component. Returns the folder and the manifest's path.
pub fn guest_app(guest: &str, app_keys: &str, component_keys: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = folder.path().join("spin.toml");
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n{app_keys}\n[[trigger.http]]\nroute = \"/...\"\n\
         component = \"guest\"\n[component.guest]\nsource = {:?}\n{component_keys}\n",
        wasm(guest)
    );
    fs::write(&manifest, text).expect("a file");
    let path = manifest.display().to_string();
    (folder, path)
}
