//! A system that a `systems.toml` describes.

mod definition;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

pub use self::definition::{Definition, definitions};
use super::child::{Child, guarded};
use super::url::{authority, client};
use super::{Options, Running};
use crate::exit::{Exit, Failure, OrExit};

/// How often it is asked whether it is ready, and how long each answer is waited for.
const EVERY: Duration = Duration::from_millis(50);
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Starts its command, and waits until its path answers.
pub async fn start(definition: &Definition, options: &Options<'_>) -> Result<Running, Failure> {
    let port = if definition.wants_port() { free_port().or_exit(Exit::System)? } else { 0 };
    let definition = definition.with_port(port);
    is_free(&definition).await?;
    let [program, args @ ..] = &definition.command[..] else {
        return Err(Failure::new(Exit::Usage, format!("{}: the command is empty", definition.name)));
    };
    let mut command = guarded(program, definition.stop)?;
    command.args(args).envs(&definition.environment).current_dir(folder(&definition.workdir)?);
    let (child, _) = Child::spawn(&definition.name, command)?;
    let within = options.ready_timeout.or(definition.ready_timeout).unwrap_or(super::READY_TIMEOUT);
    let url = format!("{}{}", definition.base_url, definition.ready);
    let (child, ()) = child.ready(within, answers(&url)).await?;
    Ok(Running::child(child, &definition.base_url))
}

fn folder(path: &Path) -> Result<&Path, Failure> {
    if path.is_dir() {
        return Ok(path);
    }
    Err(Failure::new(Exit::Usage, format!("the folder {} is not there", path.display())))
}

/// It is free until somebody else takes it.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Else another server would be measured in its place.
async fn is_free(definition: &Definition) -> Result<(), Failure> {
    let (host, port) = authority(&definition.base_url);
    match TcpStream::connect((host.as_str(), port)).await {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::new(
            Exit::System,
            format!("{} can't be started: something answers at {host}:{port} already", definition.name),
        )),
    }
}

/// Any answer shows that it is there, but for one that says that it isn't ready.
async fn answers(url: &str) {
    let Ok(client) = client(ANSWERS_WITHIN) else { return std::future::pending().await };
    loop {
        match client.get(url).send().await {
            Ok(answer) if !answer.status().is_server_error() => return,
            _ => sleep(EVERY).await,
        }
    }
}
