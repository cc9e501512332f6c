//! `loadtest capacity`.

use judge::capacity::{End, Search};
use results::capacity::Document;

use super::request;
use super::signals::Signals;
use super::stdout::print;
use crate::cli::flags::CapacityArgs;
use crate::exit::{Aborted, Exit, Failure, OrExit};
use crate::machine::{self, descriptors};
use crate::report::{self, terminal};
use crate::runner::capacity;
use crate::runner::document::{TOOL, now};

pub async fn capacity(args: CapacityArgs, signals: &mut Signals) -> Result<Exit, Aborted> {
    let started = now();
    let connections = usize::try_from(descriptors::max_connections().max(1)).unwrap_or(usize::MAX);
    let limit = args.limit.min(connections);
    let spec = request::spec(&args.request)?;
    let request = signals.or_abort(spec.prepare(&args.url)).await?;
    let search = Search { limit, repeat: args.repeat };
    let is_given = !args.request.service_ms.is_empty();
    let (survey, end) = capacity::search(&request, search, is_given, args.output.quiet, signals.next()).await;
    let end = match end {
        End::Limit if limit < args.limit => End::Descriptors,
        end => end,
    };
    let document = Document::new(&survey, args.url, end, TOOL.to_owned(), machine::describe(), started);
    print(&text(&document, args.json)?)?;
    match end {
        End::Interrupted => Err(Aborted::Interrupted),
        end => Ok(exit(end, &document)),
    }
}

fn text(document: &Document, json: bool) -> Result<String, Failure> {
    match json {
        true => Ok(serde_json::to_string_pretty(document).or_exit(Exit::System)? + "\n"),
        false => Ok(report::capacity::text(document, terminal::width())),
    }
}

fn exit(end: End, document: &Document) -> Exit {
    match end {
        End::Unanswered => Exit::System,
        _ if document.answer.inconclusive => Exit::Untrusted,
        // A lower bound above one is an answer; a lower bound of one says nothing.
        End::Generator if document.answer.at_a_time.is_none() && document.answer.at_a_time_low <= 1.0 => {
            Exit::Untrusted
        }
        _ => Exit::Success,
    }
}
