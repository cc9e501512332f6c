//! Writes the results, and checks the thresholds of `--expect`.

use anyhow::Context;
use judge::verdict::Kind;
use results::document::{Burst, Checked, Diagnosed, Document, NoAnswer, Run};
use results::threshold::{self, Threshold};

use super::stdout::print;
use crate::cli::flags::ReportArgs;
use crate::console::note;
use crate::exit::{Exit, Failure, OrExit};
use crate::report::{FORMATS, files, github};

/// Writes the results as the flags say. Created before the measurement, so that bad flags are found early.
pub struct ResultWriter(ReportArgs);

impl ResultWriter {
    /// Checks the flags for results of `endpoints`; `None` for a diagnosis, which is checked as a whole. Creates the folder of `--out`.
    pub fn new(args: ReportArgs, endpoints: Option<&[String]>) -> Result<Self, Failure> {
        if args.out.is_none() && args.formats.len() > 1 {
            return Err(Failure::new(Exit::Usage, "more than one --format needs --out DIR"));
        }
        if let Some(error) =
            endpoints.and_then(|endpoints| threshold::without_endpoint(&args.expect, endpoints))
        {
            return Err(Failure::new(Exit::Usage, error));
        }
        if let Some(folder) = &args.out {
            files::prepare(folder)
                .with_context(|| format!("--out {}", folder.display()))
                .or_exit(Exit::Usage)?;
        }
        Ok(Self(args))
    }

    /// Checks the thresholds, writes the files, and prints the results: as `text`, or in the format of `--format`.
    pub fn write(
        &self,
        document: &mut Document,
        text: impl FnOnce(&Document) -> String,
    ) -> Result<(), Failure> {
        match &mut document.diagnosis {
            Some(diagnosed) => threshold::check_diagnosis(&self.0.expect, diagnosed),
            None => {
                let bursts = document.runs.iter_mut().flat_map(|run| &mut run.bursts);
                bursts.for_each(|burst| threshold::check(&self.0.expect, burst));
            }
        }
        self.write_files(document)?;
        match (&self.0.out, &self.0.formats[..]) {
            (None, [format]) => print(&(format.render)(document).or_exit(Exit::Usage)?)?,
            _ => print(&text(document))?,
        }
        if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
            github::annotations(document).iter().for_each(|line| note(line));
        }
        Ok(())
    }

    fn write_files(&self, document: &Document) -> Result<(), Failure> {
        let Some(folder) = &self.0.out else { return Ok(()) };
        let formats = if self.0.formats.is_empty() { &FORMATS[..] } else { &self.0.formats };
        for format in formats {
            let path = files::write(document, format, folder)
                .with_context(|| format!("--out {}", folder.display()))
                .or_exit(Exit::Usage)?;
            note(&format!("Wrote {}", path.display()));
        }
        Ok(())
    }

    /// The exit code. Each threshold that is not met is reported. `otherwise` is the code without thresholds: it stays if the
    /// system was not reached, and if all that is not met is left open by the measurement.
    pub fn exit(&self, document: &Document, otherwise: Exit) -> Exit {
        let mut exits = vec![];
        if let Some(Diagnosed { diagnosis, .. }) = &document.diagnosis {
            for threshold in &self.0.expect {
                let checked = threshold.check_diagnosis(diagnosis);
                if let Some(Checked { expect, seen, .. }) = checked.filter(|checked| !checked.met) {
                    note(&format!("--expect '{expect}' is not met: {seen}"));
                    exits.push(unmet_exit(threshold.is_open_in_diagnosis(diagnosis), otherwise));
                }
            }
        }
        for (run, burst) in
            document.runs.iter().flat_map(|run| run.bursts.iter().map(move |burst| (run, burst)))
        {
            for threshold in self.0.expect.iter().filter(|one| one.applies_to(&burst.endpoint)) {
                let checked = threshold.check(burst);
                if !checked.met {
                    note(&unmet(threshold, &checked, run, burst));
                    exits.push(unmet_exit(threshold.is_open(burst), otherwise));
                }
            }
        }
        match exits.contains(&Exit::Unexpected) {
            true => Exit::Unexpected,
            false => exits.first().copied().unwrap_or(otherwise),
        }
    }
}

/// The exit code for a threshold that is not met.
fn unmet_exit(is_open: bool, otherwise: Exit) -> Exit {
    match otherwise {
        Exit::System => Exit::System,
        Exit::Success if is_open => Exit::Untrusted,
        otherwise if is_open => otherwise,
        _ => Exit::Unexpected,
    }
}

/// The sentence about a threshold that a burst doesn't meet. A burst at the root path is named by its URL.
fn unmet(threshold: &Threshold, checked: &Checked, run: &Run, burst: &Burst) -> String {
    let Checked { expect, seen, .. } = checked;
    let place = burst.name();
    let setup = match (run.setup.as_str(), &run.manifest) {
        ("burst", _) if place == burst.url => String::new(),
        ("burst", _) => format!(" ({})", burst.url),
        (setup, None) => format!(" (setup {setup} on {})", run.system),
        (setup, Some(manifest)) => format!(" (setup {setup} on {}, {manifest})", run.system),
    };
    match threshold.measure() {
        Some(_) => format!("--expect '{expect}' is not met: {seen} of {place}{setup}"),
        None => format!("--expect '{expect}' is not met by {place}: {seen}{setup}"),
    }
}

/// Success, unless a burst has no good answer or no verdict, or the load generator was saturated.
pub(super) fn reliability(document: &Document) -> Exit {
    let has = |reason| document.bursts().any(|burst| burst.no_answer() == Some(reason));
    let is_inconclusive = document.bursts().any(|burst| burst.verdict.kind == Kind::Inconclusive);
    match () {
        () if has(NoAnswer::NotReached) => Exit::System,
        () if has(NoAnswer::NotGood) => Exit::Unexpected,
        // Then the answers may be late by the generator's doing.
        () if document.generator.saturated => Exit::Untrusted,
        () if has(NoAnswer::NotInTime) => Exit::Unexpected,
        () if is_inconclusive => Exit::Untrusted,
        () => Exit::Success,
    }
}
