//! `loadtest guard`: runs a program for a parent process, and ends all its processes if the parent ends.
//!
//! The parent holds the guard's standard input open. The kernel closes it if the parent ends in any way, also by SIGKILL. Then
//! the guard ends the program and all processes that it started, directly or indirectly: as the child subreaper
//! (`PR_SET_CHILD_SUBREAPER`), the guard becomes the parent of orphaned processes.

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

/// The interval for finding further processes to end.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

enum Event {
    /// The program ended, with this code.
    Ended(i32),
    /// No child process is left.
    AllGone,
    /// The parent ended, or wants the program to end.
    Stop,
}

/// Runs the program, and exits with its code.
pub fn guard(args: &GuardArgs) -> Result<Infallible, Failure> {
    // Without this, orphaned processes would become children of init.
    set_child_subreaper(true).or_exit(Exit::System)?;
    let program = start(args)?;
    // After the start, because the program would inherit the mask.
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
    signals.thread_block().or_exit(Exit::System)?;
    let (events, received) = mpsc::channel();
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

    let code = match received.recv() {
        Ok(Event::Ended(code)) => Some(code),
        _ => None,
    };
    let code = code.or(end_all(program, args, &received));
    std::process::exit(code.unwrap_or(0));
}

/// Starts the program in its own process group, so that signals from the terminal do not reach it.
fn start(args: &GuardArgs) -> Result<Pid, Failure> {
    let (program, rest) = args.command.split_first().ok_or(Errno::EINVAL).or_exit(Exit::Usage)?;
    let child = Command::new(program).args(rest).stdin(Stdio::null()).process_group(0).spawn();
    let child = child.map_err(|error| {
        Failure::new(Exit::System, format!("cannot start {}: {error}", program.display()))
    })?;
    Ok(Pid::from_raw(child.id().cast_signed()))
}

/// Waits for all child processes, including adopted orphans.
fn reap(program: Pid, events: &Sender<Event>) {
    loop {
        let event = match wait() {
            Ok(WaitStatus::Exited(process, code)) if process == program => Event::Ended(code),
            // The convention of shells.
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

/// Sends the signal to the program's group, and to orphans of other groups as the guard adopts them. After the grace period,
/// kills the remaining processes. Returns the program's code.
fn end_all(program: Pid, args: &GuardArgs, received: &Receiver<Event>) -> Option<i32> {
    let mut code = None;
    let mut signalled = HashSet::new();
    let deadline = Instant::now() + args.grace;
    let _ = killpg(program, args.signal);
    loop {
        match received.recv_timeout(CHECK_INTERVAL) {
            Ok(Event::AllGone) => return code,
            Ok(Event::Ended(with)) => code = Some(with),
            Ok(Event::Stop) | Err(_) => {}
        }
        let late = Instant::now() >= deadline;
        for child in processes::children(std::process::id().cast_signed()) {
            let pid = Pid::from_raw(child.pid);
            if late {
                let _ = kill(pid, Signal::SIGKILL);
            } else if child.pgrp != program.as_raw() && signalled.insert(child.pid) {
                let _ = kill(pid, args.signal);
            }
        }
    }
}
