//! `loadtest serve`: the embedded host alone.

use std::io::Write;

use host::{Listen, Server};
use tokio::sync::Notify;

use super::build;
use super::signals::Signals;
use crate::cli::{Format, ServeArgs};
use crate::exit::{Exit, Failure, OrExit};

pub async fn serve(args: ServeArgs) -> Result<Exit, Failure> {
    log_to_stderr();
    let app = build::up_to_date(&args.manifest)?;
    let mut signals = Signals::catch()?;
    let listen = Listen { address: args.listen, find_free_port: args.find_free_port };
    let server = Server::start(app, args.isolation.into(), listen).await?;
    print_startup(&server, args.format).or_exit(Exit::System)?;

    let again = Notify::new();
    let stop = async {
        tokio::select! {
            () = signals.next() => {}
            () = stdin_closes(), if args.until_stdin_closes => {}
        }
        if !args.until_stdin_closes {
            eprintln!("Finishing what is in flight; again ends at once");
        }
        again.notify_one();
    };
    let now = async {
        again.notified().await;
        // Signals are caught anew: the first ones' borrow lasts as long as `stop`.
        if let Ok(mut signals) = Signals::catch() {
            signals.next().await;
        }
    };
    server.serve_until(stop, now).await;
    Ok(Exit::Success)
}

fn print_startup(server: &Server, format: Format) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match format {
        Format::Plain => write!(stdout, "{}", server.startup())?,
        Format::Json => writeln!(stdout, "{}", serde_json::to_string_pretty(server.startup())?)?,
    }
    stdout.flush()
}

/// On a thread of its own, which ends with the process: the runtime's would hold up its end.
async fn stdin_closes() {
    let (closed, noticed) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = closed.send(());
    });
    let _ = noticed.await;
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
