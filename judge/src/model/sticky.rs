//! Connections stay with the process that accepted them: a process that has served its own stands idle while others
//! still have requests.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.1;
/// Waves blur if service times vary by more than this.
const MOST_SPREAD: f64 = 0.25;
/// The cost of each further process that ran out of work, as a logarithm.
const COST: f64 = 2.0;
/// The numbers of processes that are tried beside one worker each.
const PROCESSES: [usize; 5] = [2, 3, 4, 6, 8];

pub(super) struct Sticky;

impl Model for Sticky {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let all_together = burst.observed.arrivals.last().is_some_and(|last| *last < 0.2 * burst.alone)
            || burst.offered < burst.answers();
        if !all_together || burst.offered < 4 || burst.observed.is_cut() {
            return Vec::new();
        }
        waves(fitter).into_iter().chain(fading(fitter)).collect()
    }
}

fn hypothesis(fitter: &Fitter, service: ServiceTime, steps: Vec<(f64, usize)>) -> Hypothesis {
    Hypothesis {
        ready: fitter.burst.observed.arrivals.clone(),
        capacity: Capacity::Steps(steps),
        speed: Speed::Full,
        service,
    }
}

/// Each wave of answers shows how many processes still have work, if services are steady.
fn waves(fitter: &Fitter) -> Option<Explanation> {
    let burst = fitter.burst;
    let waves = (burst.observed.end() / burst.alone).round() as usize;
    if burst.spread > MOST_SPREAD || waves < 2 || waves > burst.answers() {
        return None;
    }
    let wave = burst.observed.end() / waves as f64;
    let count = |i: usize| {
        let until = |edge: f64| burst.observed.done.partition_point(|done| *done < edge * wave);
        until(i as f64 + 1.5) - until(if i == 0 { 0.0 } else { i as f64 + 0.5 })
    };
    let counts: Vec<usize> = (0..waves).map(count).collect();
    let falls = counts.windows(2).all(|pair| pair[0] >= pair[1]) && counts[waves - 1] > 0;
    let drops = counts.windows(2).filter(|pair| pair[0] > pair[1]).count();
    // A single drop is the last wave of a pool.
    if !falls || counts[0] < 2 || drops == 0 || (drops == 1 && counts[waves - 2] == counts[0]) {
        return None;
    }
    let each = workers_each(&counts);
    let processes = counts[0] / each;
    // Processes of one worker end one by one; the workers of a process end together.
    let ends = if each > 1 { processes - 1 } else { drops };
    let fitted = fitter.fit(fitter.service(), &[], &[], 30, |service, _| {
        let steps = counts.iter().enumerate().map(|(i, count)| ((i as f64 - 0.5) * wave, *count));
        Some(hypothesis(fitter, service, steps.collect()))
    })?;
    Some(Explanation {
        name: Name::StickyConnections,
        parameters: Parameters {
            processes: Some(processes as f64),
            workers: Some(each as f64),
            ..Parameters::default()
        },
        log: fitted.log,
        prior: PRIOR.ln() - COST * ends as f64,
        kind: kind(fitter, &fitted.service),
        k: Some(counts[0] as f64),
        reach: 0.0,
        hypothesis: Some(fitted.hypothesis),
        describes: true,
        is_seen_alone: true,
    })
}

/// Returns how many workers each process has, by the number of requests in each wave: the largest number with which the waves are
/// those of processes that share their own requests among their workers. The workers of a process then serve as many requests
/// each, but for one. One process alone would be a pool.
fn workers_each(counts: &[usize]) -> usize {
    let waves_of = |worker: usize| counts.iter().filter(|count| **count > worker).count();
    let served: Vec<usize> = (0..counts[0]).map(waves_of).collect();
    let is_shared = |each: &usize| {
        counts[0].is_multiple_of(*each)
            && served.chunks(*each).all(|process| process[0] - process[process.len() - 1] <= 1)
    };
    (1..=counts[0] / 2).rev().find(is_shared).unwrap_or(1)
}

/// Processes run out of work one after the other: the connections of each are a binomial number, so that the times at
/// which they end are about as far apart as the order statistics of a normal distribution.
fn fading(fitter: &Fitter) -> Vec<Explanation> {
    let burst = fitter.burst;
    let end = burst.observed.end();
    // All processes have work in the first part.
    let early = burst.observed.done.partition_point(|at| *at <= 0.4 * end);
    let workers = (early as f64 * burst.alone / (0.4 * end).max(1e-9)).min(burst.offered as f64);
    let mut candidates: Vec<(usize, usize)> = Vec::new();
    let service = fitter.service();
    for processes in PROCESSES.into_iter().chain([workers.round() as usize]) {
        let each = (workers / processes as f64).round() as usize;
        let known = candidates.contains(&(processes, each));
        if processes >= 2 && each >= 1 && !known && processes * each < burst.offered {
            candidates.push((processes, each));
        }
    }
    let candidates = Fitter::most_likely(candidates, 2, |(processes, each), least| {
        let steps = steps(fitter, *processes, *each, 1.0, &service);
        fitter.log_above(&hypothesis(fitter, service, steps), &service, least)
    });
    let explain = |(processes, each): &(usize, usize)| {
        let fitted = fitter.fit(fitter.service(), &[0.0], &[0.4], 30, |service, at| {
            let steps = steps(fitter, *processes, *each, at[0].exp(), &service);
            (at[0].abs() < 1.5).then(|| hypothesis(fitter, service, steps))
        })?;
        let spread = fitted.parameters[0].exp();
        Some(Explanation {
            name: Name::StickyConnections,
            parameters: Parameters {
                processes: Some(*processes as f64),
                workers: Some(*each as f64),
                ..Parameters::default()
            },
            log: fitted.log,
            prior: PRIOR.ln() - (PROCESSES.len() as f64).ln() + fitter.penalty(1) - spread.ln().powi(2),
            kind: kind(fitter, &fitted.service),
            k: Some((*processes * *each) as f64),
            reach: 0.0,
            hypothesis: Some(fitted.hypothesis),
            describes: true,
            is_seen_alone: true,
        })
    };
    candidates.iter().filter_map(explain).collect()
}

/// The number of workers from each time on. `spread` is how far the processes' ends are apart, beside what is expected.
fn steps(
    fitter: &Fitter,
    processes: usize,
    each: usize,
    spread: f64,
    service: &ServiceTime,
) -> Vec<(f64, usize)> {
    let burst = fitter.burst;
    let end = burst.observed.end();
    let share = burst.offered as f64 / processes as f64;
    let deviation = (share * (1.0 - 1.0 / processes as f64)).sqrt() / each as f64 * service.mean() * spread;
    let score = |i: usize| normal_score((i as f64 + 0.625) / (processes as f64 + 0.25));
    let last = score(processes - 1);
    let mut steps = vec![(0.0, processes * each)];
    for i in 0..processes - 1 {
        // A process takes its last request one service before its end.
        let at = (end - (last - score(i)) * deviation - service.median()).max(1e-6);
        steps.push((at, (processes - 1 - i) * each));
    }
    steps
}

/// The normal quantile, to two digits (Tukey's lambda distribution; Blom's plotting positions).
fn normal_score(p: f64) -> f64 {
    (p.powf(0.135) - (1.0 - p).powf(0.135)) / 0.1975
}

fn kind(fitter: &Fitter, service: &ServiceTime) -> Kind {
    match fitter.burst.kind(service) {
        Kind::Sequential => Kind::Sequential,
        _ => Kind::Limited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_of_a_process_end_together() {
        // Two processes with three workers: 5 and 25 requests.
        assert_eq!(workers_each(&[6, 5, 3, 3, 3, 3, 3, 3, 1]), 3);
        // Four and sixteen requests at processes of one worker.
        assert_eq!(workers_each(&[2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), 1);
        assert_eq!(workers_each(&[4, 4, 3, 3, 2, 2, 1, 1]), 1);
        assert_eq!(workers_each(&[4, 4, 2, 2]), 2);
    }
}
