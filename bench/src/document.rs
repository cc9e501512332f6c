//! A document with measurements, in Markdown.

use std::fmt::{self, Display};
use std::fs;
use std::path::Path;

use anyhow::{Context, Error, Result};

use crate::console::note;
use crate::goal::Goal;

pub struct Document {
    introduction: &'static str,
    facts: Vec<(String, String)>,
    sections: Vec<Section>,
}

/// A measurement's results.
#[derive(Debug, Default)]
pub struct Section {
    title: String,
    text: String,
    commands: Vec<String>,
    notes: Vec<String>,
    table: Table,
    goals: Vec<Goal>,
    failed: bool,
}

#[derive(Debug, Default)]
struct Table(Vec<Vec<String>>);

impl Document {
    pub fn begin(introduction: &'static str, commit: &Option<String>, versions: &[(&str, &str)]) -> Self {
        // The result document has the machine and the date.
        let results::document::Document { machine, started, .. } = loadtest::runner::document::begin();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let memory = machine.memory_mib.map_or("?".to_owned(), |mib| format!("{:.0}", mib as f64 / 1024.0));
        let hardware = format!(
            "{} processors ({}), {memory} GiB of memory, {} {} {}",
            machine.cpus,
            machine.cpu_model.as_deref().unwrap_or("unknown"),
            machine.os,
            kernel.trim(),
            machine.arch
        );
        let mut facts = vec![("date".to_owned(), started), ("machine".to_owned(), hardware)];
        facts.extend(commit.clone().map(|commit| ("commit".to_owned(), commit)));
        facts.extend(versions.iter().map(|&(name, version)| (name.to_owned(), version.to_owned())));
        Self { introduction, facts, sections: Vec::new() }
    }

    /// A document that depends on no machine and no date.
    pub fn timeless<const N: usize>(introduction: &'static str, facts: [(&str, String); N]) -> Self {
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { introduction, facts, sections: Vec::new() }
    }

    pub fn add(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// Names the systems that could not take part.
    pub fn leave_out(&mut self, what: &[String]) {
        self.facts.extend(what.iter().map(|what| ("left out".to_owned(), what.clone())));
    }

    /// Writes it to `file`; to standard output if `None`.
    pub fn write(&self, file: Option<&Path>) -> Result<()> {
        match file {
            Some(file) => {
                fs::write(file, self.to_string()).with_context(|| format!("writing {}", file.display()))?;
                note(&format!("wrote {}", file.display()));
            }
            None => print!("{self}"),
        }
        Ok(())
    }

    /// A line for each target that was missed, and for each measurement that failed.
    pub fn missed(&self) -> Vec<String> {
        self.sections.iter().flat_map(Section::missed).collect()
    }
}

impl Section {
    pub fn new(title: &str, text: impl Into<String>, columns: &[&str]) -> Self {
        let header = columns.iter().map(|&column| column.to_owned()).collect();
        Self { title: title.to_owned(), text: text.into(), table: Table(vec![header]), ..Self::default() }
    }

    /// The section of a measurement that failed.
    pub fn failed(title: &str, error: &Error) -> Self {
        let text = format!("Not measured: {error:#}");
        Self { failed: true, ..Self::new(title, text, &[]) }
    }

    /// Adds a command that readers can repeat.
    pub fn command(&mut self, command: impl Into<String>) {
        let command = command.into();
        if !self.commands.contains(&command) {
            self.commands.push(command);
        }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.0.push(cells.into_iter().collect());
    }

    /// Adds a target, and returns the text for its cell of the table.
    pub fn goal(&mut self, goal: Goal) -> String {
        let text = goal.to_string();
        self.goals.push(goal);
        text
    }

    /// Adds targets that have no row, and lists them below the table.
    pub fn targets(&mut self, goals: Vec<Goal>) {
        self.notes.extend(goals.iter().map(|goal| format!("{}: {:.3}; {goal}", goal.what, goal.measured)));
        self.goals.extend(goals);
    }

    fn missed(&self) -> Vec<String> {
        let failed = self.failed.then(|| format!("{}: {}", self.title, self.text));
        let goals = self.goals.iter().filter(|goal| !goal.met()).map(Goal::sentence);
        failed.into_iter().chain(goals).collect()
    }
}

impl Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.introduction)?;
        for (name, value) in &self.facts {
            writeln!(f, "- {name}: {value}")?;
        }
        self.sections.iter().try_for_each(|section| write!(f, "\n{section}"))
    }
}

impl Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}", self.title, self.text)?;
        if self.table.0.len() > 1 {
            write!(f, "\n{}", self.table)?;
        }
        if !self.notes.is_empty() {
            writeln!(f)?;
            self.notes.iter().try_for_each(|note| writeln!(f, "- {note}"))?;
        }
        if !self.commands.is_empty() {
            writeln!(f)?;
            self.commands.iter().try_for_each(|command| writeln!(f, "    {command}"))?;
        }
        Ok(())
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.0
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (index, row) in self.0.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if index == 0 {
                widths.iter().try_for_each(|width| write!(f, "|{}", "-".repeat(width + 2)))?;
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goal::Limit;

    fn section() -> Section {
        let mut section = Section::new("Speed", "How fast.", &["system", "requests/s", "target"]);
        let goal = section.goal(Goal::new("speed", Limit::AtLeast(2.0), 1.0));
        section.row(["ours".to_owned(), "1".to_owned(), goal]);
        section.command("wrk");
        section.command("wrk");
        section
    }

    #[test]
    fn a_section_is_a_table_with_its_commands() {
        assert_eq!(
            section().to_string(),
            "## Speed\n\nHow fast.\n\n\
             | system | requests/s | target                 |\n\
             |--------|------------|------------------------|\n\
             | ours   | 1          | at least 2: **missed** |\n\
             \n    wrk\n"
        );
    }

    #[test]
    fn missed_targets_and_failed_measurements_are_listed() {
        let failed = Section::failed("Cold start", &anyhow::anyhow!("no such file"));
        assert_eq!(failed.to_string(), "## Cold start\n\nNot measured: no such file\n");
        let document = Document { introduction: "", facts: Vec::new(), sections: vec![section(), failed] };
        assert_eq!(
            document.missed(),
            ["speed: 1, the target is at least 2", "Cold start: Not measured: no such file"]
        );
    }
}
