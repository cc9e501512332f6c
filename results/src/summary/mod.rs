//! What a run's results mean, in a sentence or two for each system. No I/O.

pub mod overview;

use judge::verdict::{Kind, Shape};

use crate::document::{Burst, Document, Instances, Run};

/// A system with one application, and the setups that were fired at it.
pub struct Column<'a> {
    /// The system's name.
    pub system: &'a str,
    /// The application's manifest.
    pub manifest: Option<&'a str>,
    /// How its instances are used.
    pub instances: Option<Instances>,
    /// The setups, in order.
    pub runs: Vec<&'a Run>,
}

/// The document's runs, grouped by system and manifest, in the order in which they were fired.
pub fn columns(document: &Document) -> Vec<Column<'_>> {
    let mut columns: Vec<Column> = Vec::new();
    for run in &document.runs {
        let manifest = run.manifest.as_deref();
        match columns.iter_mut().find(|column| column.system == run.system && column.manifest == manifest) {
            Some(column) => column.runs.push(run),
            None => columns.push(Column {
                system: &run.system,
                manifest,
                instances: run.instances,
                runs: vec![run],
            }),
        }
    }
    columns
}

impl<'a> Column<'a> {
    /// The setup's runs, one a round.
    pub fn rounds(&self, setup: &str) -> Vec<&'a Run> {
        self.runs.iter().copied().filter(|run| run.setup == setup).collect()
    }

    /// What requests are spread over.
    pub fn places(&self) -> &'static str {
        // Its replies name the process and the thread.
        if self.system == "fastapi" { "threads" } else { "instances" }
    }

    /// What the instances are: `WASIp2, fresh instances`; else the system's name.
    pub fn label(&self) -> String {
        match self.instances {
            Some(Instances { wasi, isolation }) => format!("WASIp{wasi}, {isolation}"),
            None => self.system.to_owned(),
        }
    }

    /// The same, with the system's name where that isn't the embedded host's.
    pub fn name(&self) -> String {
        match (self.instances, self.system) {
            (None, _) | (_, "embedded") => self.label(),
            (_, system) => format!("{system}, {}", self.label()),
        }
    }
}

/// For each system, what its verdicts say together.
pub fn lessons(document: &Document) -> Vec<String> {
    columns(document).iter().map(lesson).collect()
}

fn lesson(column: &Column) -> String {
    // Further rounds say the same, or the table says that they don't.
    let first = || column.runs.iter().filter(|run| run.round == 1);
    let bursts = || first().flat_map(|run| run.bursts.iter().map(|burst| (*run, burst)));
    let slow: Vec<(&Run, &Burst)> =
        bursts().filter(|(_, burst)| burst.verdict.kind != Kind::Parallel).collect();
    let total = bursts().count();
    let mut text = format!("{}: ", column.name());
    let parallel = total - slow.len();
    text += &match total {
        1 if parallel == 1 => "the burst was parallel.".to_owned(),
        1 => "the burst was not parallel.".to_owned(),
        _ => format!("{parallel} of {total} bursts were parallel."),
    };
    // Where all were slowed alike, it was no handler that stopped the others.
    let only_stretched = slow.iter().all(|(_, burst)| burst.verdict.shape == Some(Shape::Stretched));
    if only_stretched && bursts().all(|(_, burst)| burst.ok > 0 && burst.instances == burst.ok) {
        text += " Each request had an instance of its own: a handler that blocks stops nobody else.";
    }
    for (run, burst) in slow {
        let Burst { endpoint, verdict, .. } = burst;
        text += &format!("\nSetup {}, {endpoint}: {}. {}", run.setup, verdict.headline(), verdict.why);
        if let Some(remedy) = &verdict.remedy {
            text += &format!("\n{remedy}");
        }
    }
    text
}
