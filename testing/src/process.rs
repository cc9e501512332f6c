use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that is killed when it is dropped.
pub struct Process {
    /// The process.
    pub child: Child,
}

impl Process {
    /// Starts a process.
    pub fn spawn(command: &mut Command) -> Self {
        Self { child: command.spawn().expect("the program starts") }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("the process exists");
    }

    /// The processor time that the process has used so far.
    pub fn cpu_time(&self) -> Duration {
        let process =
            procfs::process::Process::new(self.child.id().cast_signed()).expect("the process exists");
        let stat = process.stat().expect("the process exists");
        let ticks = (stat.utime + stat.stime) as f64;
        Duration::from_secs_f64(ticks / procfs::ticks_per_second() as f64)
    }

    /// Waits for the end of the process, at most for `limit`.
    pub fn ended_within(&mut self, limit: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                return status;
            }
            assert!(started.elapsed() < limit, "the process still runs after {limit:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
