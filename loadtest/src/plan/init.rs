//! A first plan of one's own, from the routes of a Spin manifest.

use std::collections::BTreeSet;
use std::fmt::Write;

use host::App;

/// Returns a plan with a setup for each route of `app` that a request reaches. Routes with parameters or a wildcard are comments: the user
/// puts in a path.
pub fn first(app: &App) -> String {
    let manifest = app.manifest.display();
    let mut text = format!(
        "# A plan for `loadtest run --plan FILE --manifest {manifest}`. docs/plans.md explains all keys.\n"
    );
    let mut ids = BTreeSet::new();
    for trigger in &app.triggers {
        let Some(component) = trigger.component() else { continue };
        let full = trigger.route.full();
        let is_filled = !trigger.route.is_wildcard() && trigger.route.parameter_names().next().is_none();
        let mark = if is_filled { "" } else { "# " };
        if !is_filled {
            let _ = write!(text, "\n# {full}: put in a path, and remove the marks of the comment.");
        }
        let lines = [
            String::new(),
            "[[setup]]".to_owned(),
            format!("id = {:?}", unused(name(&full), &mut ids)),
            format!("title = {:?}", format!("component {component}")),
            "[[setup.burst]]".to_owned(),
            format!("path = {full:?}"),
            "n = 10".to_owned(),
            "expect = { fresh = \"parallel\", shared = \"parallel\" }".to_owned(),
        ];
        lines.iter().for_each(|line| match line.is_empty() {
            true => text.push('\n'),
            false => drop(writeln!(text, "{mark}{line}")),
        });
    }
    text
}

/// The id, with a number if another setup has it: `/a/b` and `/a-b` have the same name.
fn unused(id: String, ids: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number: u64| format!("{id}-{number}"));
    let unused =
        std::iter::once(id.clone()).chain(numbered).find(|id| !ids.contains(id)).unwrap_or(id.clone());
    ids.insert(unused.clone());
    unused
}

/// An id for `--setup`.
fn name(route: &str) -> String {
    let plain = route.replace("...", "rest").replace(':', "");
    let name = endpoint::name_of(&plain)
        .replace(|char: char| !char.is_ascii_alphanumeric() && !"-_.".contains(char), "_");
    if name.is_empty() { "root".to_owned() } else { name }
}
