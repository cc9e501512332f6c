//! `loadtest burst`.

use judge::schedule::Schedule;
use results::document::Document;

use super::result_writer::{ResultWriter, reliability};
use super::signals::Signals;
use super::{analyze, request};
use crate::cli::flags::BurstArgs;
use crate::console::note;
use crate::exit::{Aborted, Exit, Failure};
use crate::machine::descriptors;
use crate::report::hey;
use crate::runner::burst::{self, UrlBurst};
use crate::runner::document;

pub async fn burst(args: BurstArgs, signals: &mut Signals) -> Result<Exit, Aborted> {
    let writer = ResultWriter::new(args.report.clone(), Some(&endpoints(&args.urls)))?;
    let bursts = bursts(&args)?;
    let request = request::spec(&args.request)?;
    let mut document = document::begin();
    let prepared = signals.or_abort(burst::prepare(&request, &bursts)).await?;
    let system = args.urls.join(" ");
    let is_interrupted =
        burst::fire(system, &prepared, args.start_at, args.output.quiet, &mut document, signals.next()).await;
    writer.write(&mut document, |document| text(&args, document))?;
    match is_interrupted {
        true => Err(Aborted::Interrupted),
        false => Ok(writer.exit(&document, reliability(&document))),
    }
}

/// The endpoints' names in the result. Invalid URLs are reported later.
fn endpoints(urls: &[String]) -> Vec<String> {
    let parsed = urls.iter().filter_map(|url| reqwest::Url::parse(url).ok());
    parsed.map(|url| endpoint::name_of(url.path())).collect()
}

/// A burst for each URL, if their connections can all be open at once.
fn bursts(args: &BurstArgs) -> Result<Vec<UrlBurst>, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let schedules = args.schedule.schedules(args.urls.len()).map_err(usage)?;
    descriptors::check(schedules.iter().map(Schedule::connections).sum()).map_err(usage)?;
    let bursts = args.urls.iter().zip(schedules);
    Ok(bursts.map(|(url, schedule)| UrlBurst { url: url.clone(), schedule }).collect())
}

fn text(args: &BurstArgs, document: &Document) -> String {
    if args.rows.is_none() {
        return analyze::text(document, args.output.quiet);
    }
    let counted: usize = document.bursts().map(|burst| burst.counted_only).sum();
    if counted > 0 {
        note(&format!(
            "{counted} more requests were only counted and have no row; raise --max-rows to keep them"
        ));
    }
    hey::csv(document.bursts())
}
