//! The judge on recordings of bursts at real servers.

use anyhow::Result;
use corpus::Entry;
use simulator::evaluation::{Evaluation, Mistake, Share};

use super::mechanisms::{COLUMNS, cells};
use crate::document::Section;
use crate::goal::{Goal, Limit};

/// The verdicts on recordings.
struct Recordings {
    /// All, by server and by whether they are held out.
    all: Evaluation,
    /// Those that nothing was tuned on.
    held_out: Evaluation,
    /// Of these, those on a quiet machine whose burst exceeds the server's limit.
    plain: Evaluation,
}

/// Judges the recordings. If they can't be read, a section says so.
pub(super) fn sections() -> Vec<Section> {
    match judged() {
        Ok(recordings) => vec![targets(&recordings), by_server(&recordings.all), errors(&recordings.all)],
        Err(error) => vec![Section::failed("Recordings", &error)],
    }
}

fn judged() -> Result<Recordings> {
    let mut recordings = Recordings {
        all: Evaluation::default(),
        held_out: Evaluation::default(),
        plain: Evaluation::default(),
    };
    for entry in corpus::load(&corpus::folder())? {
        let verdict = judge::verdict::judge(&entry.trace);
        let truth = entry.expected(&verdict);
        let Entry { name, truth: configured, .. } = &entry;
        let add = |evaluation: &mut Evaluation| {
            evaluation.add(&group(configured), name, configured.n, &truth, &verdict);
        };
        add(&mut recordings.all);
        if configured.held_out {
            add(&mut recordings.held_out);
        }
        if configured.held_out && configured.exceeds && !configured.busy {
            add(&mut recordings.plain);
        }
    }
    Ok(recordings)
}

fn group(configured: &corpus::Truth) -> String {
    if configured.held_out { format!("{} ★", configured.server) } else { configured.server.clone() }
}

fn targets(recordings: &Recordings) -> Section {
    let text = "Bursts at real servers whose limits stand in their configuration (`judge/corpus/`). In percent, but for the first \
                row. Nothing is tuned on held-out ones; plain ones are held out, of a quiet machine, and exceed the server's limit.";
    let mut section = Section::new("Recordings: targets", text, &["what", "of", "measured", "target"]);
    let (all, held_out) = (recordings.all.total(|_| true), recordings.held_out.total(|_| true));
    let plain = recordings.plain.total(|_| true);
    let of_plain = |part| Share { part, of: plain.cases };
    let Share { part, of } = held_out.high();
    let wrong = (of - part) as f64;
    let rows = [
        ("wrong kind at high confidence, held out", of, Limit::AtMost(0.0), wrong),
        share("right kind, at high confidence", 99.0, all.high()),
        share("right class, where a mechanism is named, held out", 97.0, held_out.named),
        share("conclusive, plain", 90.0, of_plain(plain.cases - plain.inconclusive)),
        share("high confidence, plain", 75.0, of_plain(plain.high().of)),
        share("a mechanism is named, plain", 70.0, of_plain(plain.named.of)),
    ];
    for (what, of, limit, measured) in rows {
        let target = section.goal(Goal::new(format!("recordings: {what}"), limit, measured));
        section.row([what.to_owned(), of.to_string(), format!("{measured:.2}"), target]);
    }
    section
}

fn share(what: &str, least: f64, share: Share) -> (&str, usize, Limit, f64) {
    (what, share.of, Limit::AtLeast(least), share.percent().unwrap_or(f64::NAN))
}

fn by_server(all: &Evaluation) -> Section {
    let columns: Vec<&str> = ["server"].into_iter().chain(COLUMNS).collect();
    let mut section =
        Section::new("Recordings: by server", "As above. A star marks what is held out.", &columns);
    for (group, counts) in &all.groups {
        section.row([group.clone()].into_iter().chain(cells(counts)));
    }
    section.row(["all".to_owned()].into_iter().chain(cells(&all.total(|_| true))));
    section
}

fn errors(all: &Evaluation) -> Section {
    let text = "A wrong kind at high confidence, or a mechanism that is named and wrong. Why: requests of 20 ms that \
                come every 5 ms need four of five workers at a time, so that the limit hardly shows \
                (php-workers-4-close). A backend with a queue of its own serves the answers of ten connections in the \
                order in which a mixture without a limit would (haproxy-uneven). A thread or a connection for each \
                of a hundred requests costs the server time of its own, so that answers come at even gaps of less \
                than a hundredth of the service time (java-cached, varnish-pass, werkzeug-threaded). Answers of one \
                wait within a part of a millisecond look like a shared one (nginx-proxy). Held-out recordings whose \
                mechanism is wrong are not looked at (uvicorn-half-pool).";
    let mut section = Section::new("Recordings: errors", text, &["recording", "error"]);
    for Mistake { case, text, .. } in &all.errors {
        section.row([case.clone(), text.clone()]);
    }
    section
}
