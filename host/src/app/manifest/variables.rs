//! Reads `[variables]`, and the templates that name variables.

use std::collections::BTreeMap;

use toml::Spanned;

use super::schema;
use super::source::Source;
use crate::app::error::ManifestError;
use crate::app::template::Template;
use crate::app::variables::{Declaration, Variables, check_name};

/// Reads the application's declarations of variables.
pub(super) fn read(
    source: &Source,
    declared: BTreeMap<Spanned<String>, Spanned<schema::Variable>>,
) -> Variables {
    let mut variables = BTreeMap::new();
    for (name, variable) in declared {
        source.keep(check_name(name.get_ref()).map_err(|reason| source.error_at(&name, reason)));
        let position = source.located(&name, ()).position;
        let schema::Variable { default, required, secret, .. } = variable.into_inner();
        if required == default.is_some() {
            let message =
                format!("variable {:?} needs either a `default` or `required = true`", name.get_ref());
            source.report(&name, &message);
        }
        // Also with an error: a template that names the variable is no further error.
        variables.insert(name.into_inner(), Declaration { position, default, secret, given: None });
    }
    Variables::new(source.path, variables)
}

/// Reads a template, and checks that its variables are declared.
///
/// # Errors
///
/// If the text isn't a template, or a variable isn't declared.
pub(super) fn template(
    source: &Source,
    text: &Spanned<String>,
    variables: &Variables,
) -> Result<Template, ManifestError> {
    let template = Template::parse(text.get_ref()).map_err(|reason| source.error_at(text, &reason))?;
    let is_undeclared = |name: &&str| !variables.names().any(|known| known == *name);
    if let Some(undeclared) = template.variable_names().find(is_undeclared) {
        return Err(source.error_at(text, &variables.undeclared(undeclared)));
    }
    Ok(template)
}
