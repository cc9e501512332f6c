//! `loadtest serve`.

use host::{Listen, Logs, Options, Server, Tls};
use tokio::sync::Notify;

use super::build;
use super::signals::Signals;
use super::stdout::print;
use crate::cli::flags::{Format, ServeArgs};
use crate::console::note;
use crate::exit::{Aborted, Exit, Failure, OrExit};

pub async fn serve(args: ServeArgs, mut signals: Signals) -> Result<Exit, Aborted> {
    log_to_stderr();
    disable_huge_pages();
    let mut app = match args.no_build {
        true => build::load(&args.manifest, &args.app)?,
        false => signals.or_abort(build::up_to_date(&args.manifest, &args.app)).await?,
    };
    if let Some(cache) = &args.cache_dir {
        app.use_cache(cache);
    }
    if args.allow_download {
        let download = host::download::missing_components(&app, |url| note(&format!("Downloading {url}")));
        signals.or_abort(async { Ok(download.await?) }).await?;
    }
    for component in app.components.values_mut() {
        component.environment.extend(args.environment.iter().cloned());
    }
    let logs =
        Logs { folder: args.log_dir.unwrap_or_else(|| app.folder().join(".spin/logs")), echo: !args.quiet };
    let folder = logs.folder.clone();
    let options = Options {
        policy: args.isolation.into(),
        limits: args.limits.into(),
        listen: Listen { address: args.listen, find_free_port: args.find_free_port },
        tls: args.tls_cert.zip(args.tls_key).map(|(certificate, key)| Tls { certificate, key }),
        logs: Some(logs),
        warm: args.warm,
        evidence: args.evidence,
        trace: args.trace,
    };
    // In its own task: the start may block, for instance while it compiles, and signals must be handled meanwhile.
    let starting = tokio::spawn(Server::start(app, options));
    let server = signals.or_abort(async { Ok(starting.await.or_exit(Exit::System)??) }).await?;
    if !args.quiet {
        note(&format!("Logging component stdio to {:?}", folder.join("")));
        note(&server.capacity().to_string());
    }
    print(&startup(&server, args.format)?)?;

    let draining = Notify::new();
    let stop = async {
        signals.next().await;
        note("Stopping after the requests in flight; a second signal stops at once");
        draining.notify_one();
    };
    let now = async {
        draining.notified().await;
        // A second receiver, because `stop` borrows the first.
        if let Ok(mut signals) = Signals::catch() {
            signals.next().await;
        }
    };
    server.serve_until(stop, now).await;
    Ok(Exit::Success)
}

fn startup(server: &Server, format: Format) -> Result<String, Failure> {
    match format {
        Format::Plain => Ok(server.startup().to_string()),
        Format::Json => Ok(serde_json::to_string_pretty(server.startup()).or_exit(Exit::System)? + "\n"),
    }
}

/// Disables transparent huge pages, because an instance uses only a few pages of its slot, and a huge page is 512 pages.
/// Ignores errors: instances then use more memory. Child processes inherit the setting, so `run` does not use it.
fn disable_huge_pages() {
    let _ = nix::sys::prctl::set_thp_disable(true);
}

fn log_to_stderr() {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(
            std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none(),
        )
        .with_target(false)
        .init();
}
