//! Reads the results of other tools.

use std::path::PathBuf;

use results::document::{Document, Run};
use results::import::{self, Options, Source};

use super::document::{begin, open, rfc3339};
use crate::plan::Setup;

/// Reads `files`, the parts of one measurement, and judges their bursts. Runs of a setup in `setups` get its title and its
/// original results.
///
/// # Errors
///
/// As [`results::import::document`].
pub fn document(files: &[PathBuf], options: &Options, setups: &[Setup]) -> anyhow::Result<Document> {
    let mut sources = Vec::new();
    for file in files {
        let input = open(file)?;
        sources.push(Source { name: file.display().to_string(), input, path: Some(file.clone()) });
    }
    let mut empty = begin();
    empty.started = written(files).unwrap_or(empty.started);
    let mut document = import::document(sources, options, empty)?;
    if document.foreign().is_some() {
        document.runs.iter_mut().for_each(|run| describe(run, setups));
    }
    Ok(document)
}

/// The modification time of the first file that has one.
fn written(files: &[PathBuf]) -> Option<String> {
    let time = files.iter().find_map(|file| std::fs::metadata(file).ok()?.modified().ok())?;
    Some(rfc3339(jiff::Timestamp::try_from(time).ok()?))
}

fn describe(run: &mut Run, setups: &[Setup]) {
    let Some(setup) = setups.iter().find(|setup| setup.id == run.setup) else { return };
    run.title.clone_from(&setup.title);
    for burst in &mut run.bursts {
        let mut planned = setup.bursts.iter();
        let planned = planned.find(|planned| planned.endpoint() == burst.endpoint);
        burst.fastapi = planned.and_then(|planned| planned.fastapi);
        burst.author_expected = planned.and_then(|planned| planned.author_expected);
    }
}

#[cfg(test)]
mod tests {
    use judge::verdict::Kind;
    use results::document::sample;

    use super::*;
    use crate::{plan, targets};

    #[test]
    fn an_imported_run_of_a_known_setup_gets_its_title_and_original_results() {
        let mut run = sample::document(vec![sample::together()]).runs.remove(0);
        (run.title, run.bursts[0].fastapi) = (String::new(), None);
        describe(&mut run, &plan::built_in(&targets::names()).unwrap());
        assert_eq!(run.title, "sync handler");
        assert_eq!(run.bursts[0].fastapi, Some(Kind::Parallel));
    }
}
