//! Texts that people paste: lines, numbers and units, whatever stands around them.

use std::io::Read;

use anstream::adapter::strip_str;

use super::source::Source;

/// The longest text that a summary is looked for in.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Returns the text without colours, each state of a progress line as a line of its own.
pub fn clean(text: &str) -> String {
    strip_str(text).to_string().replace("\r\n", "\n").replace('\r', "\n")
}

/// Reads the whole text of a source.
pub fn read(source: &mut Source) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    source.input.remaining().take(MAX_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(clean(text.trim_start_matches('\u{feff}')))
}

/// Splits the text before each line that `is_start`. A block without such a line is dropped, unless there is no other.
pub fn blocks(text: &str, is_start: impl Fn(&str) -> bool) -> Vec<Block<'_>> {
    let mut at = 0;
    let mut starts = Vec::new();
    for line in text.split_inclusive('\n') {
        if is_start(line.trim()) {
            starts.push(at);
        }
        at += line.len();
    }
    if starts.is_empty() {
        return vec![Block { before: "", text }];
    }
    let mut before = 0;
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let blocks = starts.iter().zip(ends).map(|(start, end)| {
        let block = Block { before: &text[before..*start], text: &text[*start..end] };
        before = *start;
        block
    });
    blocks.collect()
}

/// A part of a text.
pub struct Block<'a> {
    /// The text before it, which may have the command.
    pub before: &'a str,
    /// The part.
    pub text: &'a str,
}

impl<'a> Block<'a> {
    /// Returns what follows `label` and a colon in the first line that begins with it.
    pub fn value(&self, label: &str) -> Option<&'a str> {
        self.text.lines().find_map(|line| labelled(line, label))
    }
}

/// Returns what follows `label` and a colon at the beginning of the line.
pub fn labelled<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    line.trim().strip_prefix(label)?.trim_start().strip_prefix(':').map(str::trim)
}

/// Returns the first number in the text, with its suffix `k` or `M`.
pub fn number(text: &str) -> Option<f64> {
    let start = text.find(|char: char| char.is_ascii_digit())?;
    let digits = &text[start..];
    let end = digits.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(digits.len());
    let number: f64 = digits[..end].trim_end_matches('.').parse().ok()?;
    let unit = match digits[end..].chars().next() {
        Some('k' | 'K') => 1e3,
        Some('M') => 1e6,
        _ => 1.0,
    };
    Some(number * unit)
}

/// As [`number`], as a count.
pub fn count(text: &str) -> Option<usize> {
    number(text).filter(|number| *number < 1e12).map(|number| number.round() as usize)
}

/// Parses a time with its unit, `12.3ms`, `0.1 secs` or `1m2.5s`, into milliseconds.
pub fn milliseconds(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut total = None;
    while rest.starts_with(|char: char| char.is_ascii_digit()) {
        let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let value: f64 = rest[..end].parse().ok()?;
        let tail = rest[end..].trim_start();
        let unit = tail.find(|char: char| !char.is_alphabetic()).unwrap_or(tail.len());
        let factor = match &tail[..unit] {
            "ns" => 1e-6,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-3,
            "ms" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            _ => return total,
        };
        total = Some(total.unwrap_or(0.0) + value * factor);
        rest = &tail[unit..];
    }
    total
}

/// What the last command line of a program says.
#[derive(Debug, Default, PartialEq)]
pub struct Command {
    /// The value of `-c`.
    pub connections: Option<usize>,
    /// The URL.
    pub url: Option<String>,
}

/// Returns what the last line in `text` says that calls `program`.
pub fn command(text: &str, program: &str) -> Command {
    let is_program =
        |word: &&str| *word == program || word.strip_suffix(program).is_some_and(|path| path.ends_with('/'));
    let calls = |line: &&str| line.split_whitespace().any(|word| is_program(&word));
    let Some(line) = text.lines().rev().find(calls) else { return Command::default() };
    let words: Vec<&str> = line.split_whitespace().skip_while(|word| !is_program(word)).collect();
    let connections = words.iter().enumerate().find_map(|(at, word)| {
        let value = word.strip_prefix("-c")?;
        let value = if value.is_empty() { words.get(at + 1)? } else { value };
        value.trim_start_matches('=').parse().ok()
    });
    let url = words.iter().map(|word| word.trim_matches(['"', '\'', '`']));
    Command { connections, url: url.rev().find(|word| word.contains("://")).map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_units_of_all_tools() {
        for (text, ms) in [
            ("12.34ms", 12.34),
            ("0.1002 secs", 100.2),
            ("1.5 sec", 1_500.0),
            ("635.91us", 0.635_91),
            ("635.5µs", 0.635_5),
            ("1m2.5s", 62_500.0),
            ("2h", 7.2e6),
            ("0 ms", 0.0),
            ("10.094965987s,", 10_094.965_987),
        ] {
            assert!(milliseconds(text).is_some_and(|found| (found - ms).abs() < 1e-9), "{text}");
        }
        for text in ["", "ms", "12", "12 apples", "-1ms", "1.2.3ms"] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
        assert_eq!(
            (count("110k requests"), number("[#/sec] 1.5M"), count("none")),
            (Some(110_000), Some(1.5e6), None)
        );
    }

    #[test]
    fn colours_and_progress_lines_are_not_text() {
        assert_eq!(clean("\u{1b}[32mok\u{1b}[0m\r\n10 %\r20 %\n"), "ok\n10 %\n20 %\n");
    }

    #[test]
    fn a_prompt_has_the_command() {
        let text = "me@host:~$ hey -n 200 -c 50 'http://a/slow'\n$ /usr/bin/hey -c20 http://b/\nSummary:\n";
        let url = |url: &str| Some(url.to_owned());
        assert_eq!(command(text, "hey"), Command { connections: Some(20), url: url("http://b/") });
        assert_eq!(
            command(text.lines().next().unwrap(), "hey"),
            Command { connections: Some(50), url: url("http://a/slow") }
        );
        assert_eq!(command("they say so", "hey"), Command::default());
    }

    #[test]
    fn a_text_is_split_before_each_start() {
        let parts = |text| -> Vec<(String, String)> {
            let blocks = blocks(text, |line| line == "A");
            blocks.iter().map(|block| (block.before.to_owned(), block.text.to_owned())).collect()
        };
        let pair = |before: &str, text: &str| (before.to_owned(), text.to_owned());
        assert_eq!(parts("x\nA\ny\n A\nz"), [pair("x\n", "A\ny\n"), pair("A\ny\n", " A\nz")]);
        assert_eq!(parts("x"), [pair("", "x")]);
    }
}
