//! Text with `{{ name }}` placeholders for variables. As in Spin, `{{` can't be escaped.

/// A text with placeholders for variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// The name of a variable.
    Variable(String),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// If a `{{` has no `}}` after it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or("a `{{` has no `}}` after it")?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The names of the variables in the template.
    pub fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parses `text` and marks its variables with angle brackets.
    fn marked_parts(text: &str) -> Vec<String> {
        let mark = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => format!("<{name}>"),
        };
        Template::parse(text).unwrap().parts().iter().map(mark).collect()
    }

    #[test]
    fn double_braces_enclose_a_variable() {
        assert_eq!(marked_parts("a-{{ x }}-b"), ["a-", "<x>", "-b"]);
        assert_eq!(marked_parts("{{x}}{{ y }}"), ["<x>", "<y>"]);
        assert_eq!(marked_parts("{a} }} { {"), ["{a} }} { {"]);
        assert_eq!(marked_parts("{{{ x }}}"), ["<{ x>", "}"]);
        assert!(marked_parts("").is_empty());
        assert!(Template::parse("a {{ b").unwrap_err().contains("}}"));
    }

    proptest! {
        #[test]
        fn no_text_panics_or_is_lost(text in "[a-z{} ]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let kept: usize = template.parts().iter().map(|part| match part {
                    Part::Text(text) => text.len(),
                    Part::Variable(name) => name.len(),
                }).sum();
                let spaces = text.matches(' ').count();
                let braces = 4 * template.variable_names().count();
                prop_assert!(kept + braces + spaces >= text.len());
                prop_assert!(kept + braces <= text.len());
            }
        }

        #[test]
        fn text_without_braces_is_unchanged(text in "[^{]*") {
            prop_assert_eq!(marked_parts(&text).concat(), text);
        }
    }
}
