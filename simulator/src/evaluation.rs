//! How often verdicts on scenarios are right, by mechanism.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use judge::mechanism::{Mechanism, Name};
use judge::verdict::{Confidence, Kind, Verdict};

use crate::scenarios::Truth;

/// The counts of many verdicts.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// The counts of each group, such as a mechanism; see [`Evaluation::add`].
    pub groups: BTreeMap<String, Counts>,
    /// How often each mechanism was said, by group; `None`: none was named.
    pub confusion: BTreeMap<(String, Option<Name>), usize>,
    /// How often the interval holds k, by spread.
    pub intervals: BTreeMap<Band, Intervals>,
    /// How many verdicts are conclusive where they should be.
    pub conclusive: BTreeMap<(Expected, Band), Share>,
    /// How often a named mechanism is right, by its probability in tenths.
    pub reliability: BTreeMap<usize, Share>,
    /// The errors, with what reproduces them.
    pub errors: Vec<Mistake>,
}

/// The counts of a group.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// The number of verdicts.
    pub cases: usize,
    /// How often the kind is right, at each confidence: low, medium, high.
    pub kinds: [Share; 3],
    /// The number of inconclusive verdicts.
    pub inconclusive: usize,
    /// How often a named mechanism is of the right class.
    pub named: Share,
    /// How often the most probable mechanism is right, named or not.
    pub best: Share,
}

/// So many of so many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The number of those that are so.
    pub part: usize,
    /// The number of all.
    pub of: usize,
}

/// A range of spreads of service times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Up to 0.2.
    Low,
    /// Up to 0.5.
    Middle,
    /// Up to 0.8.
    High,
    /// Above 0.8.
    Beyond,
}

/// Where a verdict should be conclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// A worker pool, and at least 3 k and 20 requests.
    Pool,
    /// No limit, and at least 40 requests.
    Unlimited,
    /// Any other server whose limit the burst exceeds.
    Other,
}

/// The intervals of a range of spreads.
#[derive(Debug, Default)]
pub struct Intervals {
    /// How many hold k.
    pub hold: Share,
    /// Their widths, as a multiple of k.
    widths: Vec<f64>,
}

/// A wrong verdict.
#[derive(Debug)]
pub struct Mistake {
    /// What reproduces it: a seed, or the name of a recording.
    pub case: String,
    /// The group.
    pub group: String,
    /// What was true and what was said.
    pub text: String,
}

impl Share {
    fn add(&mut self, is_part: bool) {
        self.part += usize::from(is_part);
        self.of += 1;
    }

    /// Returns the share in percent; `None` of nothing.
    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| 100.0 * self.part as f64 / self.of as f64)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.percent() {
            Some(percent) => write!(f, "{}/{} {percent:.1}%", self.part, self.of),
            None => f.write_str("-"),
        }
    }
}

impl Band {
    /// The range of a spread.
    pub fn of(spread: f64) -> Self {
        match spread {
            spread if spread <= 0.2 => Self::Low,
            spread if spread <= 0.5 => Self::Middle,
            spread if spread <= 0.8 => Self::High,
            _ => Self::Beyond,
        }
    }

    /// Returns the range in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "up to 0.2",
            Self::Middle => "0.2 to 0.5",
            Self::High => "0.5 to 0.8",
            Self::Beyond => "above 0.8",
        }
    }
}

impl Expected {
    fn of(truth: &Truth, n: usize) -> Option<Self> {
        match (truth.mechanism, truth.k) {
            (Some(Name::WorkerPool), Some(k)) if n >= 20 && n as f64 >= 3.0 * k => Some(Self::Pool),
            (Some(Name::None), _) => (n >= 40).then_some(Self::Unlimited),
            (Some(Name::WorkerPool), _) => None,
            _ => (truth.exceeds && n >= 20).then_some(Self::Other),
        }
    }

    /// Returns it in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool => "pools, n at least 3 k and 20",
            Self::Unlimited => "no limit, n at least 40",
            Self::Other => "other limits, exceeded, n at least 20",
        }
    }
}

impl Intervals {
    /// Returns the median width, as a multiple of k.
    pub fn median_width(&self) -> Option<f64> {
        judge::stats::median(self.widths.clone())
    }
}

impl Evaluation {
    /// Adds a verdict on a burst of `n` requests. `case` is what reproduces it.
    pub fn add(&mut self, group: &str, case: &str, n: usize, truth: &Truth, verdict: &Verdict) {
        let is_conclusive = verdict.kind != Kind::Inconclusive;
        let is_right = truth.kinds.contains(&verdict.kind);
        let counts = self.groups.entry(group.to_owned()).or_default();
        counts.cases += 1;
        counts.inconclusive += usize::from(!is_conclusive);
        if is_conclusive {
            counts.kinds[verdict.confidence as usize].add(is_right);
        }
        let is_true = |mechanism: &Mechanism| mechanism.class().any(|name| truth.class.contains(&name));
        if let Some(mechanism) = &verdict.mechanism {
            counts.named.add(is_true(mechanism));
        }
        let all = verdict.mechanism.iter().chain(&verdict.alternatives);
        if let Some(best) = all.clone().max_by(|a, b| a.probability.total_cmp(&b.probability)) {
            counts.best.add(is_true(best));
        }
        for one in all {
            let tenth = ((one.probability * 10.0) as usize).min(9);
            self.reliability.entry(tenth).or_default().add(is_true(one));
        }
        let said = verdict.mechanism.as_ref().map(|mechanism| mechanism.name);
        *self.confusion.entry((group.to_owned(), said)).or_default() += 1;
        let band = Band::of(truth.spread);
        if let Some(expected) = Expected::of(truth, n) {
            self.conclusive.entry((expected, band)).or_default().add(is_conclusive);
        }
        self.add_interval(band, truth, verdict);
        self.add_mistakes(group, case, n, truth, verdict);
    }

    fn add_interval(&mut self, band: Band, truth: &Truth, verdict: &Verdict) {
        // A verdict of another kind has no interval for k.
        let is_of_k = matches!(verdict.kind, Kind::Limited | Kind::Sequential);
        let interval = verdict.at_a_time_low.zip(verdict.at_a_time_high).filter(|_| is_of_k);
        if let (Some(k), Some((low, high))) = (truth.k, interval) {
            let intervals = self.intervals.entry(band).or_default();
            // Intervals are told to a tenth.
            intervals.hold.add(low - 0.05 <= k && k <= high + 0.05);
            intervals.widths.push((high - low) / k);
        }
    }

    fn add_mistakes(&mut self, group: &str, case: &str, n: usize, truth: &Truth, verdict: &Verdict) {
        let mut mistake = |text: String| {
            let text = format!("n {n}, spread {:.2}, {}: {text}", truth.spread, truth.noise.name());
            self.errors.push(Mistake { case: case.to_owned(), group: group.to_owned(), text });
        };
        if verdict.confidence == Confidence::High && !truth.kinds.contains(&verdict.kind) {
            let k = truth.k.map_or(String::new(), |k| format!(", {k} at a time"));
            let kinds: Vec<String> = truth.kinds.iter().map(Kind::to_string).collect();
            mistake(format!("is {}{k}; said {}", kinds.join(" or "), verdict.headline()));
        }
        let named = verdict.mechanism.as_ref();
        if let Some(named) = named.filter(|named| !named.class().any(|name| truth.class.contains(&name))) {
            let class: Vec<&str> = truth.class.iter().map(|name| name.as_str()).collect();
            let class = if class.is_empty() { "outside all models".to_owned() } else { class.join(" or ") };
            mistake(format!("is {class}; named {} at {:.2}", named.name, named.probability));
        }
    }

    /// Returns the counts over the groups that are wanted.
    pub fn total(&self, is_wanted: impl Fn(&str) -> bool) -> Counts {
        let wanted = self.groups.iter().filter(|(group, _)| is_wanted(group));
        wanted.fold(Counts::default(), |sum, (_, one)| sum.and(one))
    }

    /// Returns a report in lines of text.
    pub fn report(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).ok();
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "{:<24} {:>5}  {:<18} {:<18} {:<18} {:>6}  {:<18} {:<18}",
            "mechanism", "cases", "kind high", "medium", "low", "open", "named", "best guess"
        )?;
        let all = self.total(|_| true);
        for (group, counts) in self.groups.iter().chain([(&"all".to_owned(), &all)]) {
            let [low, medium, high] = counts.kinds.map(|share| share.to_string());
            let (named, best) = (counts.named.to_string(), counts.best.to_string());
            let Counts { cases, inconclusive, .. } = counts;
            writeln!(
                text,
                "{group:<24} {cases:>5}  {high:<18} {medium:<18} {low:<18} {inconclusive:>6}  {named:<18} {best:<18}"
            )?;
        }
        writeln!(text, "\nintervals: hold k, median width")?;
        for (band, intervals) in &self.intervals {
            let width = intervals.median_width().unwrap_or(f64::NAN);
            writeln!(text, "  spread {:<11} {}, {width:.2} k", band.name(), intervals.hold)?;
        }
        writeln!(text, "\nconclusive")?;
        for ((expected, band), share) in &self.conclusive {
            writeln!(text, "  {:<38} spread {:<11} {share}", expected.name(), band.name())?;
        }
        writeln!(text, "\nsaid probability: how often right")?;
        for (tenth, share) in &self.reliability {
            writeln!(text, "  {:.1} to {:.1}  {share}", *tenth as f64 / 10.0, (*tenth + 1) as f64 / 10.0)?;
        }
        writeln!(text, "\nnamed, by truth")?;
        for group in self.groups.keys() {
            let said = self.confusion.iter().filter(|((truth, _), _)| truth == group);
            let said: Vec<String> = said
                .map(|((_, said), count)| format!("{} {count}", said.map_or("(open)", Name::as_str)))
                .collect();
            writeln!(text, "  {group:<24} {}", said.join(", "))?;
        }
        writeln!(text, "\nwrong at high confidence, or named wrongly")?;
        for Mistake { case, group, text: mistake } in &self.errors {
            writeln!(text, "  {case} {group}: {mistake}")?;
        }
        Ok(())
    }
}

impl Counts {
    fn and(self, other: &Self) -> Self {
        let sum = |a: Share, b: Share| Share { part: a.part + b.part, of: a.of + b.of };
        Self {
            cases: self.cases + other.cases,
            kinds: std::array::from_fn(|i| sum(self.kinds[i], other.kinds[i])),
            inconclusive: self.inconclusive + other.inconclusive,
            named: sum(self.named, other.named),
            best: sum(self.best, other.best),
        }
    }
}
