//! The flags for the send times.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use judge::schedule::{Arrivals, DEFAULT_KEEP, Open, Schedule};

use super::parse::positive;

/// The defaults, as in hey.
const N: usize = 200;
const C: usize = 50;
/// Sends are precise to about a tenth of a millisecond, so a higher rate cannot be planned.
const MAX_RATE: f64 = 1e6;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Send times")]
pub struct ScheduleArgs {
    /// The number of requests [default: 200; with --duration, no limit]
    #[arg(short, value_name = "N", value_parser = positive)]
    pub n: Option<usize>,
    /// The number of connections, each with one request at a time [default: 50, or N if N is less]
    #[arg(short, value_name = "N", value_parser = positive)]
    pub c: Option<usize>,
    /// The rate in requests per second, in total. Requests have planned times and do not wait for answers. If
    /// no connection is free, a request is sent late. Two latencies are reported: from the planned and from the actual send
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub rate: Option<f64>,
    /// The rate of each connection, instead of the total rate
    #[arg(short = 'q', value_name = "RATE", value_parser = rate, conflicts_with = "rate")]
    pub rate_each: Option<f64>,
    /// The distribution of the planned times of --rate [default: even]
    #[arg(long, value_name = "KIND", value_parser = arrivals())]
    pub arrivals: Option<Arrivals>,
    /// The seed of random arrivals: the same seed gives the same times [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Send no request after this time: 10s, 1m30s. Requests in flight may still be answered
    #[arg(short = 'z', long, value_name = "TIME", value_parser = time)]
    pub duration: Option<Duration>,
    /// Start the connections one by one, evenly over this time. With a rate: increase the rate from 0 over this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub ramp: Option<Duration>,
    /// The time between the first requests of successive connections, such as 5ms
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub spacing: Option<Duration>,
    /// The delay before the burst at a URL, such as 100ms. Repeatable: the first is for the first URL, and so on
    #[arg(long = "delay", value_name = "TIME", value_parser = time)]
    pub delays: Vec<Duration>,
    /// The most requests to record individually. Further requests are only counted, and not judged
    #[arg(long, value_name = "N", value_parser = positive, default_value_t = DEFAULT_KEEP)]
    pub max_rows: usize,
}

impl ScheduleArgs {
    /// A schedule for each URL.
    ///
    /// # Errors
    ///
    /// A line with the conflicting flags.
    pub fn schedules(&self, urls: usize) -> Result<Vec<Schedule>, String> {
        if self.delays.len() > urls {
            return Err(format!(
                "--delay is given {} times for {urls} URL(s); at most one for each URL is allowed",
                self.delays.len()
            ));
        }
        let schedule = self.schedule()?;
        let delays = self.delays.iter().copied().chain(std::iter::repeat(Duration::ZERO));
        Ok(delays.take(urls).map(|delay| Schedule { delay, ..schedule }).collect())
    }

    fn schedule(&self) -> Result<Schedule, String> {
        let unlimited = if self.duration.is_some() { usize::MAX } else { N };
        let n = self.n.unwrap_or(unlimited);
        let c = self.c.unwrap_or(C.min(n));
        if c > n {
            let default = if self.n.is_none() { ", the default" } else { "" };
            return Err(format!(
                "-c {c} is more than -n {n}{default}: each connection sends at least one request, so -c must be at most -n"
            ));
        }
        let open = self.open(c)?;
        let first_sends = |ramp: Duration| ramp / u32::try_from(c).unwrap_or(u32::MAX);
        let spacing = match open {
            Some(_) => Duration::ZERO,
            None => self.spacing.or(self.ramp.map(first_sends)).unwrap_or_default(),
        };
        Ok(Schedule {
            c,
            open,
            spacing,
            duration: self.duration,
            keep: self.max_rows,
            ..Schedule::together(n)
        })
    }

    fn open(&self, c: usize) -> Result<Option<Open>, String> {
        let rate = self.rate.or(self.rate_each.map(|each| each * c as f64));
        let conflict = match rate {
            None if self.arrivals.is_some() => Some("--arrivals needs a rate: give --rate, too"),
            Some(_) if self.spacing.is_some() => Some("--spacing and a rate exclude each other"),
            _ if self.seed.is_some() && self.arrivals != Some(Arrivals::Poisson) => {
                Some("--seed needs --arrivals poisson: nothing else is random")
            }
            _ if self.spacing.is_some() && self.ramp.is_some() => {
                Some("--ramp and --spacing exclude each other: both set the times of the first sends")
            }
            _ if self.duration.is_some_and(|duration| self.ramp.is_some_and(|ramp| ramp > duration)) => {
                Some("--ramp must not be longer than --duration")
            }
            _ => None,
        };
        if let Some(conflict) = conflict {
            return Err(conflict.to_owned());
        }
        Ok(rate.map(|rate| Open {
            rate,
            ramp: self.ramp.unwrap_or_default(),
            arrivals: self.arrivals.unwrap_or(Arrivals::Even),
            seed: self.seed.unwrap_or(0),
        }))
    }
}

/// The values of `--arrivals`, with their names in JSON.
fn arrivals() -> impl TypedValueParser<Value = Arrivals> {
    PossibleValuesParser::new([
        PossibleValue::new("even").help("Equal intervals"),
        PossibleValue::new("poisson").help("Random and independent, as requests of many users"),
    ])
    .map(|name| if name == "poisson" { Arrivals::Poisson } else { Arrivals::Even })
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.001..=MAX_RATE).contains(rate));
    rate.ok_or_else(|| format!("a number from 0.001 to {MAX_RATE} is allowed"))
}

/// A time of at most a day: a longer time is probably a mistake.
fn time(text: &str) -> Result<Duration, String> {
    let day = Duration::from_secs(24 * 60 * 60);
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed
        .filter(|time| !time.is_zero() && *time <= day)
        .ok_or_else(|| "a time such as 100ms, 10s or 1m30s, up to 24h, is allowed".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ScheduleArgs,
    }

    fn parse(line: &str) -> Result<Vec<Schedule>, String> {
        let line = Line::try_parse_from(format!("burst {line}").split_whitespace());
        line.map_err(|error| error.to_string())?.args.schedules(2)
    }

    fn first(line: &str) -> Schedule {
        parse(line).unwrap()[0]
    }

    #[test]
    fn the_defaults_are_those_of_hey_and_c_is_at_most_n() {
        assert_eq!((first("").n, first("").c), (200, 50));
        assert_eq!((first("-n 10").n, first("-n 10").c), (10, 10));
        assert_eq!((first("-z 10s").n, first("-z 10s").c), (usize::MAX, 50));
        assert_eq!((first("-z 10s -n 7").n, first("-z 10s -n 7").c), (7, 7));
        assert_eq!(first("-z 1m30s").duration, Some(Duration::from_secs(90)));
    }

    #[test]
    fn the_rate_of_q_is_for_each_connection() {
        let each = first("-q 5 -c 10").open.unwrap();
        assert_eq!((each.rate, each.arrivals), (50.0, Arrivals::Even));
        let all = first("--rate 50 --arrivals poisson --seed 3 --ramp 2s").open.unwrap();
        assert_eq!((all.rate, all.arrivals, all.seed, all.ramp.as_secs()), (50.0, Arrivals::Poisson, 3, 2));
    }

    #[test]
    fn a_ramp_without_a_rate_spaces_the_first_sends() {
        assert_eq!(first("-c 10 --ramp 1s").spacing, Duration::from_millis(100));
    }

    #[test]
    fn delays_are_for_the_urls_in_order() {
        let delays =
            |line| parse(line).unwrap().iter().map(|schedule| schedule.delay.as_millis()).collect::<Vec<_>>();
        assert_eq!(delays("--delay 100ms"), [100, 0]);
        assert_eq!(delays("--delay 100ms --delay 2s"), [100, 2_000]);
    }

    #[test]
    fn conflicting_flags_are_an_error() {
        for (line, expected) in [
            ("-n 10 -c 11", "-c 11 is more than -n 10:"),
            ("-c 300", "-c 300 is more than -n 200, the default"),
            ("--arrivals poisson", "give --rate"),
            ("--rate 5 --seed 1", "--arrivals poisson"),
            ("--rate 5 --spacing 5ms", "exclude each other"),
            ("--ramp 1s --spacing 5ms", "exclude each other"),
            ("--ramp 10s -z 5s", "must not be longer"),
            ("--rate 5 -q 5", "cannot be used with"),
            ("--delay 1s --delay 1s --delay 1s", "at most one for each URL"),
            ("--rate 0", "from 0.001"),
            ("-z 10", "100ms, 10s or 1m30s"),
            ("-z 0s", "100ms, 10s or 1m30s"),
            ("--max-rows 0", "from 1"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
