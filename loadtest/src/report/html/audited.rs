//! The table of an audit's routes.

use results::document::{Audit, AuditedRoute, Meaning};

use crate::report::audit;

/// An audit, as the page shows it.
pub struct Audited<'a> {
    pub audit: &'a Audit,
    pub header: [&'static str; 7],
    pub headline: String,
    pub rows: Vec<Row<'a>>,
    /// What the manifest tells without a request.
    pub shared_components: String,
}

/// A route with the lines of its cells. The last cell says what the bursts mean.
pub struct Row<'a> {
    pub route: &'a AuditedRoute,
    pub cells: [Vec<String>; 7],
}

impl<'a> Audited<'a> {
    pub fn new(found: &'a Audit) -> Self {
        let lines = |cell: &String| cell.lines().map(str::to_owned).collect();
        let row = |route| Row { route, cells: audit::cells(route).each_ref().map(lines) };
        Self {
            audit: found,
            header: audit::HEADER,
            headline: audit::headline(found),
            rows: found.routes.iter().map(row).collect(),
            shared_components: audit::shared_components(found),
        }
    }
}

impl Row<'_> {
    /// The class of the last cell, which gives it the colour of a verdict.
    pub fn class(&self) -> &'static str {
        match self.route.meaning {
            Meaning::SharedSlower => "sequential",
            Meaning::Isolated => "parallel",
            Meaning::OtherLimit | Meaning::Inconclusive | Meaning::FailsAlone => "limited",
            Meaning::NotSeen | Meaning::NotFired => "",
        }
    }

    /// The sign of the last cell, which distinguishes it without its colour.
    pub fn sign(&self) -> &'static str {
        match self.route.meaning {
            Meaning::SharedSlower => "⋱",
            Meaning::NotSeen | Meaning::Isolated => "≡",
            Meaning::OtherLimit => "▤",
            Meaning::Inconclusive => "?",
            Meaning::FailsAlone => "✕",
            Meaning::NotFired => "–",
        }
    }
}
