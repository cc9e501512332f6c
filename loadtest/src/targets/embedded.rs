//! The embedded host as a process of its own, so that generator and server are measured apart.

use host::App;
use nix::sys::signal::Signal;

use super::child::{Child, Unready, guarded};
use super::startup::Announced;
use super::{Options, Running};
use crate::exit::{Exit, Failure, OrExit};

/// Starts `loadtest serve` on a free port, and waits until it says that it is ready.
pub async fn start(app: &App, options: &Options<'_>) -> Result<Running, Failure> {
    let mut command = guarded(std::env::current_exe().or_exit(Exit::System)?, Signal::SIGTERM)?;
    command
        .args(["serve", "--quiet", "--no-build", "--listen=127.0.0.1:0", "--format=json"])
        .args(options.app_flags)
        .args(options.policy.flags())
        .arg(&app.manifest);
    let (child, lines) = Child::spawn("the embedded host", command)?;
    let mut announced = Announced::default();
    let ready = child.ready(options.ready_timeout(), lines.first(|line| announced.url(line))).await;
    let (child, url) = ready.map_err(failure)?;
    Ok(Running::child(child, &url).of_version(env!("CARGO_PKG_VERSION")))
}

/// Bad input stays bad input, whoever reads it.
fn failure(unready: Unready) -> Failure {
    let exit = if unready.code == Some(Exit::Usage as i32) { Exit::Usage } else { Exit::System };
    Failure { exit, ..unready.into() }
}
