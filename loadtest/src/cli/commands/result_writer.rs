//! Writes the results, and checks the thresholds of `--expect`.

use anyhow::Context;
use judge::verdict::Kind;
use results::document::{Burst, Checked, Document, NoAnswer, Run};
use results::threshold;

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

    /// The exit code: `otherwise`, unless a threshold is not met. Each threshold that is not met is reported.
    pub fn exit(&self, document: &Document, otherwise: Exit) -> Exit {
        let mut exit = otherwise;
        if let Some(diagnosed) = &document.diagnosis {
            for checked in diagnosed.thresholds.iter().filter(|checked| !checked.met) {
                note(&format!("--expect '{}' is not met: {}", checked.expect, checked.seen));
                exit = Exit::Unexpected;
            }
        }
        for run in &document.runs {
            for burst in &run.bursts {
                for checked in burst.thresholds.iter().filter(|checked| !checked.met) {
                    note(&self.unmet(checked, run, burst));
                    exit = Exit::Unexpected;
                }
            }
        }
        exit
    }

    /// The sentence about a threshold that a burst doesn't meet. A burst at the root path is named by its URL.
    fn unmet(&self, checked: &Checked, run: &Run, burst: &Burst) -> String {
        let Checked { expect, seen, .. } = checked;
        let is_measure =
            self.0.expect.iter().any(|one| one.measure().is_some() && one.to_string() == *expect);
        let place = burst.name();
        let setup = match (run.setup.as_str(), &run.manifest) {
            ("burst", _) if place == burst.url => String::new(),
            ("burst", _) => format!(" ({})", burst.url),
            (setup, None) => format!(" (setup {setup} on {})", run.system),
            (setup, Some(manifest)) => format!(" (setup {setup} on {}, {manifest})", run.system),
        };
        match is_measure {
            true => format!("--expect '{expect}' is not met: {seen} of {place}{setup}"),
            false => format!("--expect '{expect}' is not met by {place}: {seen}{setup}"),
        }
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
