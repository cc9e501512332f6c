//! The progress display during a burst, on a terminal and without one.

mod common;

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};

/// Runs `loadtest` on a terminal of 80 columns. Returns the screen after each output.
fn screens(args: &[&str]) -> Vec<String> {
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).unwrap();
    let mut loadtest = common::loadtest(args);
    loadtest.env("TERM", "xterm").env_remove("NO_COLOR");
    let mut child = loadtest.stdout(Stdio::null()).stderr(Stdio::from(terminal.slave)).spawn().unwrap();
    // Dropped because it holds the terminal's other end, which must close when the child ends.
    drop(loadtest);
    let (mut screen, mut screens) = (vt100::Parser::new(24, 80, 0), Vec::new());
    let (mut master, mut bytes) = (File::from(terminal.master), [0; 4096]);
    // A closed terminal is a read error.
    while let Ok(count @ 1..) = master.read(&mut bytes) {
        screen.process(&bytes[..count]);
        screens.push(screen.screen().contents());
    }
    assert!(child.wait().unwrap().success(), "{screens:#?}");
    screens
}

#[test]
fn a_terminal_shows_the_requests_and_is_cleared_at_the_end() {
    let served = common::serve("spin.toml", &[]);
    let url = format!("http://{}/e2/p1?wait_ms=1500", served.authority());
    // Three times ten requests, of 1.5 s each.
    let screens = screens(&["burst", "-n", "30", "-c", "10", "--service-ms", "1500", &url]);
    let shows = |cells: &str| screens.iter().any(|screen| screen.contains(cells));
    assert!(shows(&format!("/e2/p1 {}{}", "▂".repeat(10), "·".repeat(20))), "{screens:#?}");
    assert!(shows(&format!("/e2/p1 {}{}{}", "█".repeat(10), "▂".repeat(10), "·".repeat(10))), "{screens:#?}");
    assert!(shows("10/30 answered, about "), "{screens:#?}");
    assert_eq!(screens.last().map_or("", |screen| screen.trim()), "", "{screens:#?}");
}

#[test]
fn without_a_terminal_or_with_quiet_there_is_no_display() {
    let served = common::serve("spin.toml", &[]);
    let url = format!("http://{}/e2/p1?wait_ms=300", served.authority());
    let args = ["burst", "-n", "5", "-c", "5", "--service-ms", "300", &url];
    let quiet = screens(&[&args[..], &["--quiet"]].concat());
    assert_eq!(quiet.concat(), "");
    let piped = common::output(&args);
    assert_eq!(common::stderr(&piped), "5 requests\n");
    assert!(!common::stdout(&piped).contains('\u{1b}') && common::stdout(&piped).contains("█"));
    let quiet = common::output(&[&args[..], &["--quiet"]].concat());
    assert_eq!(common::stderr(&quiet), "");
    let text = common::stdout(&quiet);
    assert!(text.starts_with(&url) && text.contains("parallel"), "{text}");
    assert!(!["█", "Summary:", "load generator"].iter().any(|other| text.contains(other)), "{text}");
}
