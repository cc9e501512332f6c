//! `[variables]`, and the templates that name them.

use std::collections::BTreeMap;

use toml::Spanned;

use super::error::{Error, Source};
use super::schema;
use crate::template::Template;
use crate::variables::{Declared, Variables, check_name};

/// Reads what the application declares.
pub fn read(
    source: &Source,
    declared: BTreeMap<Spanned<String>, Spanned<schema::Variable>>,
) -> Result<Variables, Error> {
    let mut variables = BTreeMap::new();
    for (name, variable) in declared {
        check_name(name.get_ref()).map_err(|reason| source.at(&name, reason))?;
        let place = source.placed(&name, ()).place;
        let is_required = variable.get_ref().required;
        let schema::Variable { default, secret, .. } = variable.into_inner();
        if is_required == default.is_some() {
            let message =
                format!("variable {:?} needs either a `default` or `required = true`", name.get_ref());
            return Err(source.at(&name, &message));
        }
        variables.insert(name.into_inner(), Declared { place, default, secret, given: None });
    }
    Ok(Variables::new(source.path, variables))
}

/// Reads a template; every variable in it must be declared.
pub fn template(source: &Source, text: &Spanned<String>, variables: &Variables) -> Result<Template, Error> {
    let template = Template::parse(text.get_ref()).map_err(|reason| source.at(text, &reason))?;
    if let Some(unknown) = template.names().find(|name| !variables.names().any(|known| known == *name)) {
        return Err(source.at(text, &variables.unknown(unknown)));
    }
    Ok(template)
}
