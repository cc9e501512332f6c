//! `loadtest diagnose`.

use judge::experiment::End;
use results::document::Document;

use super::request;
use super::result_writer::ResultWriter;
use super::signals::Signals;
use crate::cli::flags::DiagnoseArgs;
use crate::exit::{Aborted, Exit, Failure};
use crate::generator::Transport;
use crate::machine::descriptors;
use crate::report::{diagnosis, terminal};
use crate::runner::diagnose::{Diagnosing, Subject};
use crate::runner::document;
use crate::runner::request::RequestSpec;

/// The most connections of an experiment, with the requests beside its burst.
const MOST_CONNECTIONS: u64 = 150;

pub async fn diagnose(args: DiagnoseArgs, signals: &mut Signals) -> Result<Exit, Aborted> {
    let subject = subject(&args)?;
    let writer = ResultWriter::new(args.report.clone(), None)?;
    let connections = descriptors::max_connections();
    if connections < MOST_CONNECTIONS {
        let text = format!(
            "up to {MOST_CONNECTIONS} connections at once are needed, and this process may open {connections}; raise the limit \
             (`ulimit -Hn`, as root)"
        );
        return Err(usage(text).into());
    }
    let mut document = document::begin();
    if !args.output.quiet {
        subject.announce();
    }
    let diagnosing = signals.or_abort(Diagnosing::begin(subject)).await?;
    let end = diagnosing.run(args.output.quiet, &mut document, signals.next()).await?;
    let with_drawings = !args.output.quiet;
    writer.write(&mut document, |document| diagnosis::text(document, terminal::width(), with_drawings))?;
    match end {
        End::Interrupted => Err(Aborted::Interrupted),
        End::Unanswered => Ok(Exit::System),
        _ => Ok(writer.exit(&document, reliability(&document))),
    }
}

fn usage(error: String) -> Failure {
    Failure::new(Exit::Usage, error)
}

fn subject(args: &DiagnoseArgs) -> Result<Subject, Failure> {
    if let Some(other) = args.report.expect.iter().find(|one| !one.is_of_diagnosis()) {
        return Err(usage(format!(
            "--expect '{other}': a diagnosis is checked for a verdict (parallel) or a mechanism (mechanism=worker_pool)"
        )));
    }
    if args.request.disable_keepalive {
        return Err(usage(
            "--disable-keepalive: the experiments choose the connections themselves".to_owned(),
        ));
    }
    let spec = request::spec(&args.request)?;
    // Experiments over one HTTP/2 connection are compared with those over many connections.
    let transport = Transport { http2: false, ..spec.transport.clone() };
    let other_header = args.also_header.as_deref().map(|text| request::header("--also-header", text));
    Ok(Subject {
        url: args.url.clone(),
        request: RequestSpec { transport, ..spec },
        also: args.also.clone(),
        other_header: other_header.transpose().map_err(usage)?,
        http2: args.request.http2,
        budget: args.budget(),
    })
}

/// Success if a mechanism is named.
fn reliability(document: &Document) -> Exit {
    match document.diagnosis.as_ref().is_some_and(|found| found.diagnosis.mechanism.is_some()) {
        true => Exit::Success,
        false => Exit::Untrusted,
    }
}
