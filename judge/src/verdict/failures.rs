//! The failures of a burst in words: each sort with its number and its first example.

use crate::trace::{ErrorKind, Outcome, Row};

/// What failures have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Status(u16),
    Error(ErrorKind),
}

/// Returns each sort of these failures, the most frequent first: `status 404`, or with their numbers
/// `3 x status 404, 2 x this is not HTTP/1.1 ...`. A message is that of the first request.
pub(super) fn told<'a>(failures: impl Iterator<Item = &'a Row>) -> String {
    let mut sorts: Vec<(Sort, String, usize)> = Vec::new();
    for row in failures {
        let (sort, example) = match &row.outcome {
            Outcome::Answered(status) => (Sort::Status(*status), format!("status {status}")),
            Outcome::Rejected(fault) | Outcome::Failed(fault) => {
                (Sort::Error(fault.kind), fault.text.clone())
            }
        };
        match sorts.iter_mut().find(|(other, ..)| *other == sort) {
            Some((.., count)) => *count += 1,
            None => sorts.push((sort, example, 1)),
        }
    }
    sorts.sort_by_key(|(.., count)| std::cmp::Reverse(*count));
    match sorts.as_slice() {
        [(_, example, _)] => example.clone(),
        several => {
            let told = several.iter().map(|(_, example, count)| format!("{count} x {example}"));
            told.collect::<Vec<_>>().join(", ")
        }
    }
}
