//! Builds or serves an application by the library alone, for the tests of this crate. `loadtest serve` is the program for
//! users; this one has its flags without the comfort.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use host::{Listen, Logs, Options, Server, Tls, build, manifest};
use tokio::signal::unix::{SignalKind, signal};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.split_first() {
        Some((command, manifests)) if command == "build" => build_all(manifests).await,
        Some((command, args)) if command == "serve" => serve(args).await,
        _ => Err("usage: test-server build MANIFEST... | serve MANIFEST FLAG...".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn build_all(manifests: &[String]) -> Result<()> {
    for path in manifests {
        let app = manifest::load(path.as_ref(), None)?;
        let steps = build::all(&app);
        build::install_missing_target(&steps).await?;
        build::run(&app, &steps).await?;
    }
    Ok(())
}

async fn serve(args: &[String]) -> Result<()> {
    tracing::subscriber::set_global_default(StderrLog)?;
    let mut flags = Flags::parse(args)?;
    let mut app = manifest::load(flags.manifest.as_ref(), flags.profile.as_deref())?;
    app.variables.give(&flags.variables)?;
    if let Some(cache) = &flags.cache {
        app.use_cache(cache);
    }
    if flags.allow_download {
        host::download::missing_components(&app, |url| eprintln!("Downloading {url}")).await?;
    }
    if flags.options.logs.is_none() {
        flags.options.logs = Some(Logs { folder: app.folder().join(".spin/logs"), echo: true });
    }
    let server = Server::start(app, flags.options).await?;
    println!("{}", serde_json::to_string(server.startup())?);
    let mut terminated = signal(SignalKind::terminate())?;
    let stop = async {
        terminated.recv().await;
    };
    server.serve_until(stop, std::future::pending()).await;
    Ok(())
}

struct Flags {
    manifest: String,
    profile: Option<String>,
    cache: Option<PathBuf>,
    allow_download: bool,
    variables: Vec<host::variables::Given>,
    options: Options,
}

impl Flags {
    fn parse(args: &[String]) -> Result<Self> {
        let (manifest, rest) = args.split_first().ok_or("serve needs a manifest")?;
        let options = Options { listen: Listen::default(), ..Options::default() };
        let mut flags = Self {
            manifest: manifest.clone(),
            profile: None,
            cache: None,
            allow_download: false,
            variables: Vec::new(),
            options,
        };
        let mut rest = rest.iter();
        while let Some(arg) = rest.next() {
            let (flag, value) = match arg.split_once('=') {
                Some((flag, value)) => (flag, value),
                None => (arg.as_str(), rest.next().ok_or(format!("{arg} needs a value"))?.as_str()),
            };
            flags.set(flag, value).map_err(|error| format!("{flag} {value}: {error}"))?;
        }
        Ok(flags)
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<()> {
        let time = host::isolation::parse_duration;
        let Options { policy, limits, listen, tls, logs, warm, evidence, trace } = &mut self.options;
        match flag {
            "--format" => {}
            "--profile" => self.profile = Some(value.to_owned()),
            "--allow-download" => self.allow_download = value.parse()?,
            "--cache-dir" => self.cache = Some(value.into()),
            "--variable" => self.variables.push(value.parse()?),
            "--listen" => listen.address = value.parse()?,
            "--log-dir" => *logs = Some(Logs { folder: value.into(), echo: true }),
            "--warm" => *warm = value.parse()?,
            "--evidence" => *evidence = value.parse()?,
            "--trace" => *trace = Some(value.into()),
            "--tls-cert" => tls.get_or_insert_with(no_tls).certificate = value.into(),
            "--tls-key" => tls.get_or_insert_with(no_tls).key = value.into(),
            "--max-instance-reuse-count" => policy.max_instance_reuse_count = Some(value.parse()?),
            "--max-instance-concurrent-reuse-count" => {
                policy.max_instance_concurrent_reuse_count = Some(value.parse()?);
            }
            "--idle-instance-timeout" => policy.idle_instance_timeout = Some(value.parse()?),
            "--request-timeout" => policy.request_timeout = Some(value.parse()?),
            "--max-instances" => limits.max_instances = Some(value.parse()?),
            "--max-waiting" => limits.max_waiting = Some(value.parse()?),
            "--queue-timeout" => limits.queue_timeout = time(value)?,
            "--max-instance-memory" => limits.max_instance_memory = value.parse()?,
            "--header-timeout" => limits.header_timeout = time(value)?,
            "--idle-timeout" => limits.idle_timeout = time(value)?,
            "--body-timeout" => limits.body_timeout = time(value)?,
            "--max-concurrent-streams" => limits.max_concurrent_streams = value.parse()?,
            "--max-header-size" => limits.max_header_size = value.parse()?,
            "--max-body-size" => limits.max_body_size = value.parse()?,
            "--max-store-size" => limits.max_store_size = value.parse()?,
            "--drain-timeout" => limits.drain_timeout = time(value)?,
            _ => return Err("unknown flag".into()),
        }
        Ok(())
    }
}

fn no_tls() -> Tls {
    Tls { certificate: PathBuf::new(), key: PathBuf::new() }
}

/// Writes the host's events to standard error, one line each.
struct StderrLog;

impl Subscriber for StderrLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with("host")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut MessageVisitor(&mut line));
        eprintln!("{line}");
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct MessageVisitor<'a>(&'a mut String);

impl Visit for MessageVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, " {value:?}");
        }
    }
}
