//! The start-up document of `spin up --format json` and of the embedded host, which has the base URL.

use host::Startup;

use super::output::Line;
use super::url::is_base;

/// Parses a document that comes line by line, possibly among other lines.
#[derive(Default)]
pub struct StartupParser(String);

impl StartupParser {
    /// The base URL, if `line` completes the document.
    pub fn url(&mut self, line: &Line) -> Option<String> {
        if !line.is_stdout {
            return None;
        }
        // Only the outermost brace is not indented.
        if line.text.starts_with('{') {
            self.0.clear();
        }
        self.0 += &line.text;
        self.0.push('\n');
        let startup: Startup = serde_json::from_str(&self.0).ok()?;
        Some(startup.base_url).filter(|url| is_base(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<String> {
        let mut startup = StartupParser::default();
        text.lines().find_map(|line| startup.url(&Line { text: line.to_owned(), is_stdout: true }))
    }

    #[test]
    fn the_document_is_found_among_other_lines() {
        let document = r#"{
  "base_url": "http://127.0.0.1:35413",
  "routes": [
    {
      "id": "probe",
      "route": "/",
      "wildcard": true
    }
  ]
}"#;
        let expected = Some("http://127.0.0.1:35413".to_owned());
        assert_eq!(url(document), expected);
        assert_eq!(url(&format!("a note\n{{ not json\n{document}\nmore")), expected);
        assert_eq!(url(&document.replace('\n', "")), expected);
    }

    #[test]
    fn other_output_is_no_document() {
        for text in ["", "hello", "{", "{}", "[1]", r#"{"base_url": "nowhere", "routes": []}"#] {
            assert_eq!(url(text), None, "{text}");
        }
    }

    #[test]
    fn standard_error_is_ignored() {
        let line =
            Line { text: r#"{"base_url": "http://127.0.0.1:1", "routes": []}"#.into(), is_stdout: false };
        assert_eq!(StartupParser::default().url(&line), None);
    }
}
