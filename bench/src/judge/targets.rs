//! What the judge must reach, by mechanism.

use simulator::evaluation::{Band, Counts, Evaluation, Expected, Share};
use simulator::scenarios::Subject;

use crate::document::Section;
use crate::goal::{Goal, Limit};

pub(super) fn sections(evaluation: &Evaluation) -> [Section; 1] {
    let mut section = Section::new(
        "Targets, by mechanism",
        "Shares are in percent, widths in multiples of k.",
        &["what", "of", "measured", "target"],
    );
    let mut row = |what: String, of: usize, limit, measured: f64| {
        let target = section.goal(Goal::new(what.clone(), limit, measured));
        section.row([what, of.to_string(), format!("{measured:.2}"), target]);
    };
    for (what, least, share) in shares(evaluation) {
        row(what, share.of, Limit::AtLeast(least), share.percent().unwrap_or(f64::NAN));
    }
    for (band, most) in [(Band::Low, 0.2), (Band::Middle, 0.7), (Band::High, 1.2)] {
        let intervals = evaluation.intervals.get(&band);
        let width = intervals.and_then(|intervals| intervals.median_width()).unwrap_or(f64::NAN);
        let of = intervals.map_or(0, |intervals| intervals.hold.of);
        row(format!("median width of intervals, spread {}", band.name()), of, Limit::AtMost(most), width);
    }
    [section]
}

/// Shares with the least that each must be.
fn shares(evaluation: &Evaluation) -> Vec<(String, f64, Share)> {
    let total = |is_wanted: fn(Subject) -> bool| {
        evaluation.total(|group| {
            Subject::ALL.into_iter().any(|subject| is_wanted(subject) && subject.name() == group)
        })
    };
    let all: Counts = total(|_| true);
    let held_out = total(Subject::is_held_out);
    let described = total(|subject| !subject.is_outside());
    let outside = total(Subject::is_outside);
    // To name nothing is right about a server that no model describes.
    let Share { part, of } = outside.named;
    let not_misled = Share { part: outside.cases - (of - part), of: outside.cases };
    let hold = evaluation.intervals.values().fold(Share::default(), |sum, one| sum.and(one.hold));
    let mut shares = vec![
        ("right kind, at high confidence".to_owned(), 99.0, all.high()),
        ("the same, mechanisms that are held out".to_owned(), 98.0, held_out.high()),
        ("right class, where a mechanism is named".to_owned(), 97.0, described.named),
        ("not named wrongly, servers that no model describes".to_owned(), 92.0, not_misled),
        ("intervals that hold k".to_owned(), 94.0, hold),
    ];
    for (expected, bands, least) in [
        (Expected::Pool, &[Band::Low][..], 97.0),
        (Expected::Pool, &[Band::Middle], 90.0),
        (Expected::Pool, &[Band::High], 65.0),
        (Expected::Unlimited, &[Band::Low], 95.0),
        (Expected::Unlimited, &[Band::Middle, Band::High], 60.0),
    ] {
        let of = |band: &Band| evaluation.conclusive.get(&(expected, *band)).copied().unwrap_or_default();
        let share = bands.iter().map(of).fold(Share::default(), Share::and);
        let spreads: Vec<&str> = bands.iter().map(|band| band.name()).collect();
        let what = format!("conclusive, {}, spread {}", expected.name(), spreads.join(" and "));
        shares.push((what, least, share));
    }
    shares
}
