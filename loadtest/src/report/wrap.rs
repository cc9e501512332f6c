//! Text wrapped to the width of the terminal.

/// The width if standard output is not a terminal.
pub const DEFAULT_WIDTH: u16 = 100;

/// Wraps `text` at spaces only, so that words and flags with dashes stay whole.
pub fn wrapped(text: &str, indent: &str, width: Option<u16>) -> String {
    let options = textwrap::Options::new(usize::from(width.unwrap_or(DEFAULT_WIDTH)))
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace);
    textwrap::fill(text, options)
}
