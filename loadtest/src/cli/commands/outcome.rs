//! Where results go, and whether they are what was demanded.

use anyhow::Context;
use results::document::Document;
use results::threshold;

use super::tell;
use crate::cli::flags::ReportArgs;
use crate::console::note;
use crate::exit::{Exit, Failure, OrExit};
use crate::report::{FORMATS, files, github};

/// Checked before the measurement, used after it.
pub struct Outcome(ReportArgs);

impl Outcome {
    /// Whether all that was asked for can be had of these endpoints.
    pub fn prepare(args: ReportArgs, endpoints: &[String]) -> Result<Self, Failure> {
        if args.out.is_none() && args.formats.len() > 1 {
            return Err(Failure::new(Exit::Usage, "several --format need --out DIR to be written to"));
        }
        if let Some(lost) = threshold::without_endpoint(&args.expect, endpoints) {
            return Err(Failure::new(Exit::Usage, lost));
        }
        if let Some(folder) = &args.out {
            files::prepare(folder)
                .with_context(|| format!("--out {}", folder.display()))
                .or_exit(Exit::Usage)?;
        }
        Ok(Self(args))
    }

    /// Notes whether demands are met, writes the files, and puts the results on standard output: as `text` tells
    /// them, unless another format was asked for.
    pub fn tell(
        &self,
        document: &mut Document,
        text: impl FnOnce(&Document) -> String,
    ) -> Result<(), Failure> {
        let bursts = document.runs.iter_mut().flat_map(|run| &mut run.bursts);
        bursts.for_each(|burst| threshold::check(&self.0.expect, burst));
        self.write(document)?;
        match (&self.0.out, &self.0.formats[..]) {
            (None, [format]) => tell(&(format.render)(document).or_exit(Exit::Usage)?)?,
            _ => tell(&text(document))?,
        }
        if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
            github::annotations(document).iter().for_each(|line| note(line));
        }
        Ok(())
    }

    fn write(&self, document: &Document) -> Result<(), Failure> {
        let Some(folder) = &self.0.out else { return Ok(()) };
        let chosen = if self.0.formats.is_empty() { &FORMATS[..] } else { &self.0.formats };
        for format in chosen {
            let path = files::write(document, format, folder)
                .with_context(|| format!("--out {}", folder.display()))
                .or_exit(Exit::Usage)?;
            note(&format!("Wrote {}", path.display()));
        }
        Ok(())
    }

    /// `otherwise`, unless a demand is not met, which is said.
    pub fn exit(&self, document: &Document, otherwise: Exit) -> Exit {
        let mut exit = otherwise;
        for run in &document.runs {
            for burst in &run.bursts {
                for broken in burst.thresholds.iter().filter(|checked| !checked.met) {
                    let manifest =
                        run.manifest.as_ref().map_or(String::new(), |manifest| format!(", {manifest}"));
                    note(&format!(
                        "--expect '{}' is broken: {} of {} (setup {} on {}{manifest})",
                        broken.expect, broken.seen, burst.endpoint, run.setup, run.system
                    ));
                    exit = Exit::Unexpected;
                }
            }
        }
        exit
    }
}
