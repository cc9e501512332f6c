//! The runs of a document, grouped by system and manifest.

use crate::document::{Document, Instances, Run};

/// A system with one application, and its runs.
pub struct Column<'a> {
    /// The name of the system.
    pub system: &'a str,
    /// The application's manifest; `None` if unknown.
    pub manifest: Option<&'a str>,
    /// How the application's instances are used; `None` if unknown.
    pub instances: Option<Instances>,
    /// The runs, in firing order.
    pub runs: Vec<&'a Run>,
}

/// Groups the runs by system, manifest and use of instances, in firing order.
pub fn columns(document: &Document) -> Vec<Column<'_>> {
    let mut columns: Vec<Column> = Vec::new();
    for run in &document.runs {
        match columns.iter_mut().find(|column| is_of(column, run)) {
            Some(column) => column.runs.push(run),
            None => columns.push(Column {
                system: &run.system,
                manifest: run.manifest.as_deref(),
                instances: run.instances,
                runs: vec![run],
            }),
        }
    }
    columns
}

fn is_of(column: &Column, run: &Run) -> bool {
    (column.system, column.manifest, column.instances)
        == (&*run.system, run.manifest.as_deref(), run.instances)
}

impl<'a> Column<'a> {
    /// Returns the setup's runs, one for each round.
    pub fn rounds(&self, setup: &str) -> Vec<&'a Run> {
        self.runs.iter().copied().filter(|run| run.setup == setup).collect()
    }

    /// Returns the noun for the system's instances: `threads` if the replies name threads, else `instances`.
    pub fn instance_noun(&self) -> &'static str {
        let requests = self.runs.iter().flat_map(|run| &run.bursts).flat_map(|burst| &burst.requests);
        let instance = requests.filter_map(|request| request.instance.as_deref()).next();
        if instance.is_some_and(is_thread) { "threads" } else { "instances" }
    }

    /// Describes the instances, such as `WASIp2, fresh instances`; the system's name if they are unknown.
    pub fn label(&self) -> String {
        match self.instances {
            Some(Instances { wasi, isolation }) => format!("WASIp{wasi}, {isolation}"),
            None => self.system.to_owned(),
        }
    }

    /// Returns the label, with the system's name before it unless the system is the embedded host.
    pub fn name(&self) -> String {
        match (self.instances, self.system) {
            (None, _) | (_, "embedded") => self.label(),
            (_, system) => format!("{system}, {}", self.label()),
        }
    }
}

/// Whether an instance's name is that of a thread: the id of a process, a dash, and the handle of a thread in
/// hexadecimal digits. Thread 0 is the only thread of a process, which then counts as the instance. The instances of a
/// WebAssembly component have 16 hexadecimal digits without a dash.
fn is_thread(instance: &str) -> bool {
    instance.split_once('-').is_some_and(|(process, thread)| {
        !process.is_empty()
            && process.bytes().all(|byte| byte.is_ascii_digit())
            && u64::from_str_radix(thread, 16).is_ok_and(|thread| thread != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::sample;

    #[test]
    fn instances_are_threads_if_the_replies_name_threads() {
        let noun = |instance: Option<&str>| {
            let mut document = sample::document(vec![sample::waves(), sample::together()]);
            for request in
                document.runs.iter_mut().flat_map(|run| &mut run.bursts).flat_map(|b| &mut b.requests)
            {
                request.instance = instance.map(str::to_owned);
            }
            columns(&document)[0].instance_noun()
        };
        assert_eq!(noun(Some("4711-7f3a5c0016c0")), "threads", "FastAPI");
        assert_eq!(noun(Some("4711-0")), "instances", "Node with one thread");
        assert_eq!(noun(Some("00ff00ff00ff00ff")), "instances", "WebAssembly");
        for other in [None, Some(""), Some("a-b"), Some("web-7f"), Some("-7"), Some("1-"), Some("1-+7z")] {
            assert_eq!(noun(other), "instances", "{other:?}");
        }
    }
}
