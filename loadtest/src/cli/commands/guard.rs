//! `loadtest guard`: runs a program for a parent, and leaves nothing of it behind.
//!
//! The parent holds the guard's standard input open. However the parent ends, be it by SIGKILL, that closes, and
//! the guard ends the program and all that it has started, whoever was started by whom.

use std::collections::HashSet;
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;

use crate::cli::flags::GuardArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::machine::processes;

/// How often it is looked whether more processes must be told to end.
const CHECK: Duration = Duration::from_millis(20);

enum Event {
    /// The program did, with this code.
    Ended(i32),
    /// Nothing is left of it.
    AllGone,
    /// The parent is gone, or wants it to end.
    Stop,
}

/// Exits as the program did.
pub fn guard(args: &GuardArgs) -> Result<Infallible, Failure> {
    // Else what the program leaves behind would be handed to init, and be out of sight.
    set_child_subreaper(true).or_exit(Exit::System)?;
    let program = start(args)?;
    // After its start: it would inherit this.
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
    signals.thread_block().or_exit(Exit::System)?;
    let (events, happened) = mpsc::channel();
    let on_stop = |wait: Box<dyn FnOnce() + Send>| {
        let events = events.clone();
        thread::spawn(move || {
            wait();
            events.send(Event::Stop)
        });
    };
    on_stop(Box::new(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    }));
    on_stop(Box::new(move || {
        let _ = signals.wait();
    }));
    thread::spawn(move || reap(program, &events));

    let code = match happened.recv() {
        Ok(Event::Ended(code)) => Some(code),
        _ => None,
    };
    let code = code.or(end_all(program, args, &happened));
    std::process::exit(code.unwrap_or(0));
}

/// In a group of its own, so that a signal on the terminal doesn't reach it.
fn start(args: &GuardArgs) -> Result<Pid, Failure> {
    let (program, rest) = args.command.split_first().ok_or(Errno::EINVAL).or_exit(Exit::Usage)?;
    let child = Command::new(program).args(rest).stdin(Stdio::null()).process_group(0).spawn();
    let child = child.map_err(|error| {
        Failure::new(Exit::System, format!("{} can't be started: {error}", program.display()))
    })?;
    Ok(Pid::from_raw(child.id().cast_signed()))
}

/// Waits for all processes, also those that were handed over.
fn reap(program: Pid, events: &Sender<Event>) {
    loop {
        let event = match wait() {
            Ok(WaitStatus::Exited(process, code)) if process == program => Event::Ended(code),
            // As shells do.
            Ok(WaitStatus::Signaled(process, signal, _)) if process == program => {
                Event::Ended(128 + signal as i32)
            }
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => Event::AllGone,
        };
        let done = matches!(event, Event::AllGone);
        if events.send(event).is_err() || done {
            return;
        }
    }
}

/// Tells the program's group to end, and then what is handed over because its parent ended; kills what
/// doesn't in time. Gives back the program's code.
fn end_all(program: Pid, args: &GuardArgs, happened: &Receiver<Event>) -> Option<i32> {
    let mut code = None;
    let mut told = HashSet::new();
    let deadline = Instant::now() + args.grace;
    let _ = killpg(program, args.signal);
    loop {
        match happened.recv_timeout(CHECK) {
            Ok(Event::AllGone) => return code,
            Ok(Event::Ended(with)) => code = Some(with),
            Ok(Event::Stop) | Err(_) => {}
        }
        let late = Instant::now() >= deadline;
        for child in processes::children(std::process::id().cast_signed()) {
            let pid = Pid::from_raw(child.pid);
            if late {
                let _ = kill(pid, Signal::SIGKILL);
            } else if child.pgrp != program.as_raw() && told.insert(child.pid) {
                let _ = kill(pid, args.signal);
            }
        }
    }
}
