//! The programs and parameters of a run of measurements.

use std::cell::RefCell;

use anyhow::Result;

use crate::app::{App, MANIFESTS};
use crate::console::note;
use crate::programs::Programs;
use crate::server::Server;
use crate::system::System;

pub struct RunContext {
    pub programs: Programs,
    /// The number of turns of each system.
    pub rounds: u32,
    /// The duration of each of wrk's turns, in seconds.
    pub seconds: u32,
    /// The systems that could not take part, with the reason.
    pub left_out: RefCell<Vec<String>>,
}

impl RunContext {
    /// Finds the programs, and builds the guests.
    pub async fn prepare(rounds: u32, seconds: u32) -> Result<Self> {
        let programs = Programs::find().await?;
        programs.loadtest.build_guests(&MANIFESTS).await?;
        Ok(Self { programs, rounds, seconds, left_out: RefCell::default() })
    }

    /// Starts those of `systems` that are installed, each with `app`. A peer that can't serve it is left out: older
    /// versions don't support WASIp3.
    ///
    /// # Errors
    ///
    /// If a system of this project can't serve it.
    pub async fn start_all(&self, systems: &[System], app: &App) -> Result<Vec<Server>> {
        let mut servers = Vec::new();
        for &system in systems.iter().filter(|&&system| self.programs.of(system).is_some()) {
            match Server::start(&self.programs, system, app).await {
                Ok(server) => servers.push(server),
                Err(error) if system.is_peer() => {
                    self.leave_out(&format!("{}, {}: {error:#}", system.name(), app.instances));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(servers)
    }

    /// The number of rounds of a measurement that takes several seconds for each turn.
    pub fn few_rounds(&self) -> u32 {
        self.rounds.min(3)
    }

    fn leave_out(&self, what: &str) {
        let mut left_out = self.left_out.borrow_mut();
        if !left_out.iter().any(|known| known == what) {
            note(&format!("left out: {what}"));
            left_out.push(what.to_owned());
        }
    }
}
