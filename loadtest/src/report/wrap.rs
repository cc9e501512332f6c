//! Text wrapped to the width of the terminal.

use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter};

/// The width if standard output is not a terminal.
pub const DEFAULT_WIDTH: u16 = 100;

/// The units that `judge::units` and the reports write after a number.
const UNITS: [&str; 5] = ["us", "ms", "s", "%", "MiB"];

/// Wraps `text` at spaces only, so that words and flags with dashes stay whole. A number and its unit stay on one line.
pub fn wrapped(text: &str, indent: &str, width: Option<u16>) -> String {
    let options = Options::new(usize::from(width.unwrap_or(DEFAULT_WIDTH)))
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_splitter(WordSplitter::NoHyphenation)
        .word_separator(WordSeparator::Custom(words));
    textwrap::fill(text, options)
}

/// Returns the words between spaces; a number with its unit is one word.
fn words<'a>(line: &'a str) -> Box<dyn Iterator<Item = Word<'a>> + 'a> {
    let mut rest = line;
    Box::new(std::iter::from_fn(move || {
        let first = end_of_word(rest)?;
        let end = match end_of_word(&rest[first..]) {
            Some(second) if is_quantity(&rest[..first], &rest[first..first + second]) => first + second,
            _ => first,
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(Word::from(word))
    }))
}

/// Returns where the first word of `text` ends, with the spaces after it; `None` if there is no text.
fn end_of_word(text: &str) -> Option<usize> {
    let spaces = text.find(' ').unwrap_or(text.len());
    let end = text[spaces..].find(|letter| letter != ' ').map_or(text.len(), |further| spaces + further);
    (end > 0).then_some(end)
}

fn is_quantity(number: &str, unit: &str) -> bool {
    let is_mark = |letter: char| ".,;:)".contains(letter);
    number.trim_end().ends_with(|letter: char| letter.is_ascii_digit())
        && UNITS.contains(&unit.trim_end().trim_end_matches(is_mark))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_and_its_unit_stay_on_one_line() {
        assert_eq!(wrapped("It took 1.46 s, or 12 %.", "  ", Some(14)), "  It took\n  1.46 s, or\n  12 %.");
        assert_eq!(wrapped("10 requests took so long", "", Some(11)), "10 requests\ntook so\nlong");
    }

    proptest! {
        #[test]
        fn no_letter_is_lost_and_no_unit_begins_a_line(text in "([0-9]{1,3}|s|ms|%|[a-z]{1,9}| ){0,30}", width in 16_u16..40) {
            let lines = wrapped(&text, "", Some(width));
            let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines), letters(&text));
            let lines: Vec<&str> = lines.lines().collect();
            for pair in lines.windows(2) {
                let unit = pair[1].split(' ').next().unwrap_or_default();
                prop_assert!(!is_quantity(pair[0], unit), "{lines:?}");
            }
        }
    }
}
