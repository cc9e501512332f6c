//! `loadtest audit`.

use http::Method;
use results::document::{Document, Meaning};

use super::result_writer::ResultWriter;
use super::signals::Signals;
use super::{build, request};
use crate::cli::flags::audit::{AuditArgs, Finding, of_one_or_all};
use crate::console::note;
use crate::exit::{Aborted, Exit, Failure, OrExit};
use crate::plan;
use crate::report::{audit as report, terminal};
use crate::runner::audit::{Auditing, Given};
use crate::runner::document;
use crate::targets::{Content, StartOptions, Target, names};

pub async fn audit(args: AuditArgs, signals: &mut Signals) -> Result<Exit, Aborted> {
    let target = target(&args.on)?;
    let given = given(&args)?;
    let app = signals.or_abort(build::up_to_date(&args.manifest, &args.app)).await?;
    let routes = given.routes(&app)?;
    let endpoints: Vec<String> =
        routes.iter().filter_map(|route| Some(route.burst.as_ref()?.endpoint())).collect();
    let writer = ResultWriter::new(args.report, Some(&endpoints))?;
    let policy = args.isolation.into();
    let app_flags = args.app.flags();
    let auditing = Auditing {
        target: &target,
        app: &app,
        routes,
        n: args.n.into(),
        options: StartOptions {
            app_flags: &app_flags,
            policy: &policy,
            leave_out: true,
            workers: 1,
            threads: None,
            ready_timeout: args.ready_timeout,
        },
        policy: policy.clone(),
        is_quiet: args.output.quiet,
    };
    let mut document = document::begin();
    let ended = auditing.run(&mut document, signals.next()).await;
    if ended.is_err() && !document.runs.is_empty() {
        note("The audit ended early. The results so far:");
    }
    if ended.is_ok() || !document.runs.is_empty() {
        writer.write(&mut document, |document| report::text(document, terminal::width()))?;
    }
    ended?;
    Ok(writer.exit(&document, exit(&document, &args.fail_on)))
}

fn target(name: &str) -> Result<Target, Failure> {
    let target = Target::parse(name, &[]).ok().filter(|target| target.content() == Content::Applications);
    target.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("--on {name}: an audit runs the application: embedded, spin or wasmtime is allowed"),
        )
    })
}

/// What the flags give for requests.
fn given(args: &AuditArgs) -> Result<Given, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let method = |(route, text): &(String, String)| match text.to_uppercase().parse::<Method>() {
        Ok(method) => Ok((route.clone(), method)),
        Err(_) => Err(usage(format!("--method {route}={text}: a method such as GET or POST is allowed"))),
    };
    let header = |text: &String| {
        let (route, text) = of_one_or_all(text);
        request::header("-H", &text).map(|(name, value)| (route, name, value)).map_err(usage)
    };
    let plan = match &args.plan {
        Some(file) => plan::read(file, &names()).or_exit(Exit::Usage)?,
        None => Vec::new(),
    };
    Ok(Given {
        paths: args.paths.clone(),
        methods: args.methods.iter().map(method).collect::<Result<_, _>>()?,
        headers: args.headers.iter().map(header).collect::<Result<_, _>>()?,
        bodies: args.bodies.iter().map(|text| of_one_or_all(text)).collect(),
        plan,
    })
}

/// A finding of `--fail-on` is 1. An audit that judged no route, or not all that it could, isn't reliable.
fn exit(document: &Document, fail_on: &[Finding]) -> Exit {
    let Some(audit) = &document.audit else { return Exit::Untrusted };
    let has = |meaning| audit.routes.iter().any(|route| route.meaning == meaning);
    if has(Meaning::SharedSlower) && fail_on.contains(&Finding::SharedSlower) {
        return Exit::Unexpected;
    }
    let judged = [Meaning::SharedSlower, Meaning::NotSeen, Meaning::OtherLimit, Meaning::Isolated];
    let is_judged = judged.into_iter().any(has);
    let is_reliable = is_judged && !has(Meaning::Inconclusive) && !document.generator.saturated;
    if is_reliable { Exit::Success } else { Exit::Untrusted }
}
