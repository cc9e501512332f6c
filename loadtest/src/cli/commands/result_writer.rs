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

    /// The exit code: `otherwise`, or that of a threshold that is not met. Of several codes, the one of a system that was not
    /// reached comes first, then the one of a failure. Each threshold that is not met is reported.
    pub fn exit(&self, document: &Document, otherwise: Exit) -> Exit {
        let mut exits = vec![otherwise];
        let mut add = |checked: &Checked, sentence: String| {
            note(&sentence);
            exits.push(if checked.open { Exit::Untrusted } else { Exit::Unexpected });
        };
        if let Some(diagnosed) = &document.diagnosis {
            for checked in diagnosed.thresholds.iter().filter(|checked| !checked.met) {
                let Checked { expect, seen, .. } = checked;
                add(checked, format!("--expect '{expect}' {}: {seen}", checked.outcome()));
            }
        }
        for run in &document.runs {
            for burst in &run.bursts {
                for checked in burst.thresholds.iter().filter(|checked| !checked.met) {
                    add(checked, self.unmet(checked, run, burst));
                }
            }
        }
        let by_rank = [Exit::System, Exit::Unexpected, Exit::Untrusted];
        by_rank.into_iter().find(|exit| exits.contains(exit)).unwrap_or(otherwise)
    }

    /// The sentence about a threshold that a burst doesn't meet. A burst at the root path is named by its URL.
    fn unmet(&self, checked: &Checked, run: &Run, burst: &Burst) -> String {
        let Checked { expect, seen, .. } = checked;
        let is_measure =
            self.0.expect.iter().any(|one| one.measure().is_some() && one.to_string() == *expect);
        let (outcome, place) = (checked.outcome(), burst.name());
        let setup = match (run.setup.as_str(), &run.manifest) {
            ("burst", _) if place == burst.url => String::new(),
            ("burst", _) => format!(" ({})", burst.url),
            (setup, None) => format!(" (setup {setup} on {})", run.system),
            (setup, Some(manifest)) => format!(" (setup {setup} on {}, {manifest})", run.system),
        };
        match is_measure {
            true => format!("--expect '{expect}' {outcome}: {seen} of {place}{setup}"),
            false => format!("--expect '{expect}' {outcome} by {place}: {seen}{setup}"),
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

#[cfg(test)]
mod tests {
    use judge::verdict::Verdict;
    use results::document::sample;

    use super::*;

    #[test]
    fn a_failure_comes_before_an_open_expectation() {
        let open = Burst { verdict: Verdict::of(Kind::Inconclusive), ..sample::waves() };
        for (expect, bursts, otherwise, exit) in [
            ("parallel", vec![sample::together()], Exit::Success, Exit::Success),
            ("parallel", vec![open.clone()], Exit::Untrusted, Exit::Untrusted),
            // `--check` may accept a burst that this expectation needs.
            ("parallel", vec![open.clone()], Exit::Success, Exit::Untrusted),
            ("parallel", vec![open.clone(), sample::waves()], Exit::Untrusted, Exit::Unexpected),
            ("failed=0", vec![open.clone()], Exit::Untrusted, Exit::Unexpected),
            ("parallel", vec![sample::waves()], Exit::System, Exit::System),
            ("mechanism=lock", vec![sample::pool()], Exit::Success, Exit::Unexpected),
            ("mechanism=lock", vec![sample::waves()], Exit::Success, Exit::Untrusted),
        ] {
            let args = ReportArgs { out: None, formats: vec![], expect: vec![expect.parse().unwrap()] };
            let mut document = sample::document(bursts);
            let checks = document.runs.iter_mut().flat_map(|run| &mut run.bursts);
            checks.for_each(|burst| threshold::check(&args.expect, burst));
            assert_eq!(ResultWriter(args).exit(&document, otherwise), exit, "{expect}");
        }
    }
}
