//! The runs of a file: tools append to a file that exists, and shells do so with `>>`.

use super::collector::Group;

/// Joins groups of one key whose runs overlap in time: parts of one measurement, by several generators at once. Only times by the
/// wall clock can tell.
pub fn join_overlapping(groups: Vec<Group>) -> Vec<Group> {
    let mut joined: Vec<Group> = Vec::new();
    for group in groups {
        let is_part = |other: &&mut Group| other.key == group.key && overlaps(other, &group);
        match joined.iter_mut().find(is_part) {
            Some(other) => other.join(group),
            None => joined.push(group),
        }
    }
    joined
}

/// Whether the kept requests of two groups were under way at the same time. Groups whose further requests are only counted can't
/// be joined.
fn overlaps(one: &Group, other: &Group) -> bool {
    let is_whole = |group: &Group| group.counted_only.requests == 0 && !group.rows.is_empty();
    let span = |group: &Group| {
        let starts = group.rows.iter().map(|row| row.began_us().unwrap_or(row.done_us));
        let ends = group.rows.iter().map(|row| row.done_us);
        (starts.fold(f64::INFINITY, f64::min), ends.fold(f64::NEG_INFINITY, f64::max))
    };
    let ((from, to), (other_from, other_to)) = (span(one), span(other));
    is_whole(one) && is_whole(other) && one.run != other.run && from < other_to && other_from < to
}

/// Names each group by its run if the file has several, and returns a sentence about that.
pub fn name(groups: &mut [Group]) -> Option<String> {
    let mut runs: Vec<usize> = groups.iter().map(|group| group.run).collect();
    runs.sort_unstable();
    runs.dedup();
    if runs.len() < 2 {
        return None;
    }
    for group in groups.iter_mut() {
        let number = runs.iter().position(|run| *run == group.run).unwrap_or(0) + 1;
        let setup = &mut group.key.setup;
        *setup = if setup.is_empty() { format!("run {number}") } else { format!("{setup}, run {number}") };
    }
    Some(format!(
        "The file has {} runs, one after the other: they were appended, and each is judged by itself.",
        runs.len()
    ))
}
