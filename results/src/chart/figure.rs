//! A burst's drawing: a bar a request, and below it how many were under way.

use std::fmt::Write;

use judge::units;

use crate::chart::{self, Bar, Concurrency};
use crate::document::Burst;

/// How wide drawings are, in their own units; the page stretches them.
const WIDTH: f64 = 1000.0;
/// How high the drawing of the bars is, about, and a bar at least and at most.
const HEIGHT: f64 = 420.0;
const BAR: (f64, f64) = (4.0, 18.0);
/// Nothing that happened is narrower.
const THIN: f64 = 1.0;
/// How many intervals the concurrency is told in, and how high it is.
const INTERVALS: usize = 200;
const CONCURRENCY: f64 = 90.0;
/// How many colours there are.
const COLOURS: usize = 8;

/// The drawing, as the template needs it.
pub struct Figure {
    /// The bars' elements, from top to bottom.
    pub bars: Vec<Shape>,
    /// How high all bars are.
    pub height: f64,
    /// What stands below.
    pub ticks: Vec<String>,
    /// When it ends, in microseconds.
    pub end_us: f64,
    /// How many requests a bar stands for at most.
    pub group: usize,
    /// The instances that have a colour each, with how many of the bars' requests they took.
    pub legend: Vec<(usize, String, usize)>,
    /// How many instances there are beyond those.
    pub further: usize,
    /// What the replies name: instances, or threads.
    pub places: &'static str,
    /// The most requests in flight, and the area under it as a path.
    pub in_flight: (usize, String),
    /// The same of those inside a handler.
    pub inside: Option<(usize, String)>,
}

/// A bar's place, in the drawing's units.
pub struct Shape {
    /// What it shows.
    pub bar: Bar,
    /// Which colour.
    pub colour: Option<usize>,
    pub y: f64,
    pub height: f64,
    /// From the send to the end: where it begins, and how wide it is.
    pub whole: (f64, f64),
    /// From the answer's first byte to the end.
    pub answering: (f64, f64),
    /// Inside the handler.
    pub inside: Option<(f64, f64)>,
}

impl Figure {
    /// Of `burst`, in at most about so many bars.
    pub fn of(burst: &Burst, places: &'static str, most: usize) -> Self {
        let bars = chart::bars(burst, most);
        let end_us = chart::end_us(burst);
        let pitch = (HEIGHT / bars.len().max(1) as f64).clamp(BAR.0, BAR.1);
        let names = names(&bars);
        let legend = names.iter().take(COLOURS).enumerate();
        let Concurrency { in_flight, inside } = chart::concurrency(burst, INTERVALS);
        let top = in_flight.iter().copied().max().unwrap_or(0);
        let group = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
        let requests_of = |name: &str| {
            bars.iter().filter(|bar| bar.instance.as_deref() == Some(name)).map(|bar| bar.count).sum()
        };
        Self {
            height: pitch * bars.len() as f64,
            ticks: (0..=4).map(|quarter| units::time(end_us * f64::from(quarter) / 4e3)).collect(),
            end_us,
            group,
            legend: legend.map(|(colour, name)| (colour, (*name).to_owned(), requests_of(name))).collect(),
            further: names.len().saturating_sub(COLOURS),
            places,
            in_flight: (top, area(&in_flight, top)),
            inside: inside.map(|inside| (inside.iter().copied().max().unwrap_or(0), area(&inside, top))),
            bars: shapes(&bars, &names, end_us, pitch),
        }
    }

    /// The drawing in words, for those who can't see it.
    pub fn description(&self) -> String {
        let requests: usize = self.bars.iter().map(|shape| shape.bar.count).sum();
        let each = if self.group > 1 {
            format!("up to {} requests each", self.group)
        } else {
            "one a request".to_owned()
        };
        let (most, _) = self.in_flight;
        let inside =
            self.inside.as_ref().map_or(String::new(), |(most, _)| format!(", {most} inside the handler"));
        let end = units::time(self.end_us / 1e3);
        format!(
            "{} bars, {each}, from sent to answered, over {end}: {requests} requests, at most {most} in flight at once{inside}.",
            self.bars.len()
        )
    }
}

impl Shape {
    /// What is to be read about it.
    pub fn label(&self) -> String {
        let Bar { i, count, sent_us, done_us, done_range_us, inside_us, instance, outcome, .. } = &self.bar;
        let ms = |us: f64| units::time(us / 1e3);
        let mut text = match count {
            1 => format!("request {i}: sent {}, ended {}", ms(*sent_us), ms(*done_us)),
            _ => format!(
                "{count} requests: sent {} (median), ended {} to {}",
                ms(*sent_us),
                ms(done_range_us.0),
                ms(done_range_us.1)
            ),
        };
        if let Some((entered, left)) = inside_us {
            let _ = write!(text, ", in the handler from {} to {}", ms(*entered), ms(*left));
        }
        if let Some(instance) = instance {
            let _ = write!(text, ", {instance}");
        }
        text + ", " + outcome
    }
}

/// The instances, in the order in which they answered.
fn names(bars: &[Bar]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    names.extend(bars.iter().filter_map(|bar| bar.instance.as_deref()).filter(|name| seen.insert(*name)));
    names
}

fn shapes(bars: &[Bar], names: &[&str], end_us: f64, pitch: f64) -> Vec<Shape> {
    let at = |us: f64| if end_us > 0.0 { us / end_us * WIDTH } else { 0.0 };
    let span = |from: f64, to: f64| {
        let width = (at(to) - at(from)).max(THIN);
        (at(from).min(WIDTH - width), width)
    };
    let colour_of = |name: &String| names.iter().position(|other| other == name).map(|index| index % COLOURS);
    let shape = |(index, bar): (usize, &Bar)| Shape {
        colour: bar.instance.as_ref().and_then(colour_of),
        y: index as f64 * pitch,
        height: pitch - (pitch / 5.0).min(2.0),
        whole: span(bar.sent_us, bar.done_us),
        answering: span(bar.first_byte_us, bar.done_us),
        inside: bar.inside_us.map(|(entered, left)| span(entered, left)),
        bar: bar.clone(),
    };
    bars.iter().enumerate().map(shape).collect()
}

/// The area below a line of steps.
fn area(most: &[usize], top: usize) -> String {
    let mut path = format!("M0 {CONCURRENCY}");
    let y = |count: usize| CONCURRENCY * (1.0 - count as f64 / top.max(1) as f64);
    let mut before = None;
    for (interval, count) in most.iter().enumerate() {
        if before != Some(count) {
            let _ = write!(path, "H{:.1}V{:.1}", WIDTH * interval as f64 / most.len() as f64, y(*count));
        }
        before = Some(count);
    }
    path + &format!("H{WIDTH}V{CONCURRENCY}Z")
}
