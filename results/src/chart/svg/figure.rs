//! The geometry of a burst's figure, in its own units: 1000 wide, one unit high for each pixel.

use std::collections::HashSet;
use std::fmt::Write;

use judge::units;

use crate::chart::bars::{self, Bar};
use crate::chart::concurrency::{Concurrency, concurrency};
use crate::chart::span;
use crate::document::Burst;

/// The width of the figure, which the page stretches.
pub const WIDTH: f64 = 1000.0;
/// The height that the bars share, and the least and the largest height of a bar.
const BARS_HEIGHT: f64 = 420.0;
const BAR_HEIGHT: (f64, f64) = (4.0, 18.0);
/// The least width of a shape, so that short events are visible.
const MIN_WIDTH: f64 = 1.0;
/// The space between the bars and the concurrency, and the height of the concurrency.
pub const GAP: f64 = 6.0;
pub const CONCURRENCY_HEIGHT: f64 = 70.0;
/// The number of intervals of the concurrency.
const INTERVALS: usize = 200;
/// The number of colours in the style.
const COLOURS: usize = 8;

/// The figure of a burst.
pub struct Figure {
    /// The bars, from top to bottom.
    pub bars: Vec<Shape>,
    /// The height of all bars.
    pub height: f64,
    /// The labels of the time axis, at equal distances.
    pub ticks: Vec<String>,
    /// The end of the time axis, in microseconds.
    pub end_us: f64,
    /// The largest number of requests in a bar.
    pub group: usize,
    /// The instances with the first colours.
    pub legend: Vec<Key>,
    /// The number of instances that are not in the legend.
    pub more_instances: usize,
    /// The requests in flight.
    pub in_flight: Area,
    /// The requests in a handler; `None` if unknown.
    pub in_handler: Option<Area>,
    /// The requests in service, inferred from the mechanism; `None` if they are known, or can't be inferred.
    pub inferred: Option<Area>,
}

/// The entry of an instance in the legend.
pub struct Key {
    /// The index of the colour: class `c0` to `c7` of the style.
    pub colour: usize,
    /// The name of the instance.
    pub instance: String,
    /// The number of requests in its bars.
    pub requests: usize,
}

/// The concurrency over time.
pub struct Area {
    /// The most requests at once.
    pub max: usize,
    /// The outline as an SVG path.
    pub path: String,
}

/// The position of a bar. Horizontal extents are a start and a width.
pub struct Shape {
    /// The requests.
    pub bar: Bar,
    /// The index of the colour of the instance; `None` if the bar has no single instance.
    pub colour: Option<usize>,
    /// The top.
    pub y: f64,
    /// The height.
    pub height: f64,
    /// From the send to the end.
    pub whole: (f64, f64),
    /// From the answer's first byte to the end.
    pub answering: (f64, f64),
    /// In the handler.
    pub inside: Option<(f64, f64)>,
    /// In service, inferred from the mechanism.
    pub inferred: Option<(f64, f64)>,
}

impl Figure {
    /// Lays out `burst` in at most about `max_bars` bars.
    pub fn new(burst: &Burst, max_bars: usize) -> Self {
        let bars = bars::bars(burst, max_bars);
        let end_us = span::end_us(burst);
        let bar_height = (BARS_HEIGHT / bars.len().max(1) as f64).clamp(BAR_HEIGHT.0, BAR_HEIGHT.1);
        let instances = instances(&bars);
        let height = bar_height * bars.len() as f64;
        let Concurrency { in_flight, in_handler, inferred } = concurrency(burst, INTERVALS);
        let max = in_flight.iter().copied().max().unwrap_or(0);
        let area = |counts: Vec<usize>| Area::new(&counts, max, height + GAP);
        Self {
            height,
            ticks: (0..=4).map(|quarter| units::time(end_us * f64::from(quarter) / 4e3)).collect(),
            end_us,
            group: bars.iter().map(|bar| bar.count).max().unwrap_or(0),
            legend: legend(&bars, &instances),
            more_instances: instances.len().saturating_sub(COLOURS),
            in_flight: area(in_flight),
            in_handler: in_handler.map(area),
            inferred: inferred.map(area),
            bars: shapes(&bars, &instances, end_us, bar_height),
        }
    }

    /// Describes the figure for people who can't see it.
    pub fn description(&self) -> String {
        let requests: usize = self.bars.iter().map(|shape| shape.bar.count).sum();
        let each = if self.group > 1 {
            format!("up to {} requests each", self.group)
        } else {
            "one for each request".to_owned()
        };
        let served = |area: &Option<Area>, words: &str| {
            area.as_ref().map_or(String::new(), |area| format!(", {} {words}", area.max))
        };
        let in_handler = served(&self.in_handler, "in the handler")
            + &served(&self.inferred, "in service (inferred from the model, not observed)");
        format!(
            "{} bar{}, {each}, from send to answer, over {}: {}, at most {} in flight at once{in_handler}.",
            self.bars.len(),
            if self.bars.len() == 1 { "" } else { "s" },
            units::time(self.end_us / 1e3),
            units::requests(requests),
            self.in_flight.max,
        )
    }
}

impl Shape {
    /// Describes the bar's requests.
    pub fn label(&self) -> String {
        let Bar { i, count, sent_us, done_us, done_range_us, instance, outcome, .. } = &self.bar;
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
        if let Some((entered, left)) = self.bar.handler_us {
            let _ = write!(text, ", in the handler from {} to {}", ms(entered), ms(left));
        }
        if let Some((from, to)) = self.bar.inferred_us {
            let _ = write!(text, ", in service from {} to {} (inferred)", ms(from), ms(to));
        }
        if let Some(instance) = instance {
            let _ = write!(text, ", {instance}");
        }
        text + ", " + outcome
    }
}

impl Area {
    /// The area below a step line. `max` is the value at the top, and `top` the position of the top.
    fn new(counts: &[usize], max: usize, top: f64) -> Self {
        let bottom = top + CONCURRENCY_HEIGHT;
        let y = |count: usize| bottom - CONCURRENCY_HEIGHT * count as f64 / max.max(1) as f64;
        let mut path = format!("M0 {bottom:.1}");
        let mut previous = None;
        for (interval, count) in counts.iter().enumerate() {
            if previous != Some(count) {
                let x = WIDTH * interval as f64 / counts.len() as f64;
                let _ = write!(path, "H{x:.1}V{:.1}", y(*count));
            }
            previous = Some(count);
        }
        let _ = write!(path, "H{WIDTH}V{bottom:.1}Z");
        Self { max: counts.iter().copied().max().unwrap_or(0), path }
    }
}

/// Returns the instances, in the order of their first bars.
fn instances(bars: &[Bar]) -> Vec<&str> {
    let mut known = HashSet::new();
    bars.iter().filter_map(|bar| bar.instance.as_deref()).filter(|name| known.insert(*name)).collect()
}

fn legend(bars: &[Bar], instances: &[&str]) -> Vec<Key> {
    let requests_of = |name: &str| {
        bars.iter().filter(|bar| bar.instance.as_deref() == Some(name)).map(|bar| bar.count).sum()
    };
    let shown = instances.iter().take(COLOURS).enumerate();
    shown
        .map(|(colour, name)| Key { colour, instance: (*name).to_owned(), requests: requests_of(name) })
        .collect()
}

fn shapes(bars: &[Bar], instances: &[&str], end_us: f64, bar_height: f64) -> Vec<Shape> {
    let x = |us: f64| if end_us > 0.0 { us / end_us * WIDTH } else { 0.0 };
    let extent = |from: f64, to: f64| {
        let width = (x(to) - x(from)).max(MIN_WIDTH);
        (x(from).min(WIDTH - width), width)
    };
    let colour_of =
        |name: &String| instances.iter().position(|other| other == name).map(|index| index % COLOURS);
    let shape = |(index, bar): (usize, &Bar)| Shape {
        colour: bar.instance.as_ref().and_then(colour_of),
        y: index as f64 * bar_height,
        height: bar_height - (bar_height / 5.0).min(2.0),
        whole: extent(bar.sent_us, bar.done_us),
        answering: extent(bar.first_byte_us, bar.done_us),
        inside: bar.handler_us.map(|(entered, left)| extent(entered, left)),
        inferred: bar.inferred_us.map(|(from, to)| extent(from, to)),
        bar: bar.clone(),
    };
    bars.iter().enumerate().map(shape).collect()
}
