//! What every measurement is given.

use std::cell::RefCell;
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
    /// What could not take part, and why.
    pub left_out: RefCell<Vec<String>>,
}

impl Lab {
    pub async fn prepare(rounds: u32, seconds: u32) -> Result<Self> {
        let programs = Programs::find().await?;
        programs.loadtest.build(&MANIFESTS).await?;
        Ok(Self { programs, rounds, seconds, left_out: RefCell::default() })
    }

    /// Those of `systems` that are there, each serving `app`. A peer that can't serve it is left out:
    /// older ones know nothing of WASIp3.
    ///
    /// # Errors
    ///
    /// Where one of our own can't.
    pub async fn start_all(&self, systems: &[System], app: &App) -> Result<Vec<Server>> {
        let mut servers = Vec::new();
        for &system in systems.iter().filter(|&&system| self.programs.of(system).is_some()) {
            match Server::start(&self.programs, system, app).await {
                Ok(server) => servers.push(server),
                Err(error) if matches!(system, System::Wasmtime | System::Spin) => {
                    self.leave_out(&format!("{}, {}: {error:#}", system.name(), app.instances));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(servers)
    }

    fn leave_out(&self, what: &str) {
        let mut left_out = self.left_out.borrow_mut();
        if !left_out.iter().any(|known| known == what) {
            say(&format!("left out: {what}"));
            left_out.push(what.to_owned());
        }
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
