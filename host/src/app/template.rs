//! Text with `{{ name }}` in it, where a variable's value is put. Nothing escapes a `{{`, as in Spin.

/// Text to put variables in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stays as it is.
    Text(String),
    /// The name of a variable.
    Variable(String),
}

impl Template {
    /// # Errors
    ///
    /// A line that says what is wrong, where a `{{` is never closed.
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

    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The names of the variables in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
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

    fn shown(text: &str) -> Vec<String> {
        let show = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => format!("<{name}>"),
        };
        Template::parse(text).unwrap().parts().iter().map(show).collect()
    }

    #[test]
    fn variables_stand_in_double_braces() {
        assert_eq!(shown("a-{{ x }}-b"), ["a-", "<x>", "-b"]);
        assert_eq!(shown("{{x}}{{ y }}"), ["<x>", "<y>"]);
        assert_eq!(shown("{a} }} { {"), ["{a} }} { {"]);
        assert_eq!(shown("{{{ x }}}"), ["<{ x>", "}"]);
        assert!(shown("").is_empty());
        assert!(Template::parse("a {{ b").unwrap_err().contains("}}"));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_none_is_lost(text in "[a-z{} ]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let kept: usize = template.parts().iter().map(|part| match part {
                    Part::Text(text) => text.len(),
                    Part::Variable(name) => name.len(),
                }).sum();
                let spaces = text.matches(' ').count();
                prop_assert!(kept + 4 * template.names().count() + spaces >= text.len());
                prop_assert!(kept + 4 * template.names().count() <= text.len());
            }
        }

        #[test]
        fn text_without_braces_stays_as_it_is(text in "[^{]*") {
            let shown = shown(&text);
            prop_assert_eq!(shown.concat(), text);
        }
    }
}
