//! A system from a `systems.toml`.

mod definition;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

pub use self::definition::{Definition, definitions};
use super::child::{Child, guarded_command};
use super::launch::{READY_TIMEOUT, StartOptions};
use super::running::Running;
use super::url::{authority, client};
use crate::exit::{Exit, Failure, OrExit};

/// The interval of readiness checks.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// The time limit for the answer to a readiness check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Starts the command, and waits until the readiness path answers.
pub async fn start(definition: &Definition, options: &StartOptions<'_>) -> Result<Running, Failure> {
    let port = if definition.needs_port() { free_port().or_exit(Exit::System)? } else { 0 };
    let definition = definition.with_port(port);
    check_port_is_free(&definition).await?;
    let [program, args @ ..] = &definition.command[..] else {
        return Err(Failure::new(Exit::Usage, format!("{}: the command is empty", definition.name)));
    };
    let mut command = guarded_command(program, definition.stop)?;
    command.args(args).envs(&definition.environment).current_dir(folder(&definition.workdir)?);
    let (child, _) = Child::spawn(&definition.name, command)?;
    let limit = options.ready_timeout.or(definition.ready_timeout).unwrap_or(READY_TIMEOUT);
    let url = format!("{}{}", definition.base_url, definition.ready);
    let (child, ()) = child.ready(limit, until_ready(&url)).await?;
    Ok(Running::child(child, &definition.base_url))
}

fn folder(path: &Path) -> Result<&Path, Failure> {
    if path.is_dir() {
        return Ok(path);
    }
    Err(Failure::new(Exit::Usage, format!("workdir: no such folder: {}", path.display())))
}

/// Finds a free port. Another process may take it before the system does; then the start fails.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Fails if a server is listening at the port already. Otherwise that server would be measured.
async fn check_port_is_free(definition: &Definition) -> Result<(), Failure> {
    let (host, port) = authority(&definition.base_url);
    match TcpStream::connect((host.as_str(), port)).await {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::new(
            Exit::System,
            format!("cannot start {}: another server is listening at {host}:{port}", definition.name),
        )),
    }
}

/// Waits for any answer except a server error (5xx).
async fn until_ready(url: &str) {
    let Ok(client) = client(CHECK_TIMEOUT) else { return std::future::pending().await };
    loop {
        match client.get(url).send().await {
            Ok(answer) if !answer.status().is_server_error() => return,
            _ => sleep(CHECK_INTERVAL).await,
        }
    }
}
