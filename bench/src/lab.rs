//! What every measurement is given.

use std::path::Path;

use anyhow::Result;

use crate::app::{App, MANIFESTS};
use crate::programs::Programs;
use crate::server::{Server, System};

/// The programs, and how long to measure.
pub struct Lab {
    pub programs: Programs,
    /// How often each system has its turn.
    pub rounds: u32,
    /// How long wrk measures each turn, in seconds.
    pub seconds: u32,
}

impl Lab {
    pub async fn prepare(rounds: u32, seconds: u32) -> Result<Self> {
        let programs = Programs::find().await?;
        programs.loadtest.build(&MANIFESTS).await?;
        Ok(Self { programs, rounds, seconds })
    }

    /// Those of `systems` that are there, each serving `app`.
    pub async fn start_all(&self, systems: &[System], app: &App) -> Result<Vec<Server>> {
        let mut servers = Vec::new();
        for &system in systems {
            if self.programs.of(system).is_some() {
                servers.push(Server::start(&self.programs, system, app).await?);
            }
        }
        Ok(servers)
    }
}

/// The project's folder, which every program is run in.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// A line of progress.
pub fn say(line: &str) {
    eprintln!("bench: {line}");
}
