//! The result of `audit` as text: a table of the routes, then what was seen at those that aren't fine.

use std::fmt::Write;

use comfy_table::presets::UTF8_FULL;
use comfy_table::{ContentArrangement, Table};
use console::style;
use judge::units;
use results::document::{Audit, AuditedRoute, Document, Meaning, Observed};
use results::sentences;

use super::wrap::{DEFAULT_WIDTH, wrapped};

pub(super) const HEADER: [&str; 7] =
    ["Route", "Component", "WASI", "Alone", "Shared", "Isolated", "What it means"];

/// Returns the table, and the sentences on each route below it.
pub fn text(document: &Document, width: Option<u16>) -> String {
    let Some(audit) = &document.audit else { return String::new() };
    let mut table = Table::new();
    table.load_style(UTF8_FULL).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.unwrap_or(DEFAULT_WIDTH)).set_header(HEADER);
    table.add_rows(audit.routes.iter().map(cells));
    let mut text = format!("{}\n\n{table}\n", wrapped(&headline(audit), "", width));
    for route in &audit.routes {
        let _ = writeln!(text, "\n{}: {}", style(&route.route).bold(), route.meaning.words());
        for sentence in [Some(&route.why), route.remedy.as_ref()].into_iter().flatten() {
            let _ = writeln!(text, "{}", wrapped(sentence, "  ", width));
        }
    }
    let _ = writeln!(text, "\n{}", wrapped(&shared_components(audit), "", width));
    text + &wrapped(&sentences::generator(document), "", width) + "\n"
}

/// Returns the table in Markdown, with the sentences on each route below it.
pub(super) fn markdown(audit: &Audit, escaped: impl Fn(&str) -> String) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = escaped(&headline(audit))
        + "\n\n"
        + &row(&HEADER.map(str::to_owned))
        + "|---|---|---|---|---|---|---|\n";
    for route in &audit.routes {
        text += &row(&cells(route).map(|cell| cell.lines().map(&escaped).collect::<Vec<_>>().join("<br>")));
    }
    for route in &audit.routes {
        let remedy = route.remedy.as_ref().map_or(String::new(), |remedy| format!(" {}", escaped(remedy)));
        let _ = writeln!(text, "\n**{}**: {}{remedy}", escaped(&route.route), escaped(&route.why));
    }
    text + "\n" + &escaped(&shared_components(audit)) + "\n"
}

/// Returns how many routes sharing slows.
pub(super) fn headline(audit: &Audit) -> String {
    let slower = audit.routes.iter().filter(|route| route.meaning == Meaning::SharedSlower).count();
    let fired = audit.routes.iter().filter(|route| route.alone_ms.is_some()).count();
    format!(
        "{} on {}, bursts of {} requests: sharing instances slows {slower} of {fired} routes.",
        audit.manifest, audit.system, audit.n
    )
}

/// Returns the cells of a route's row. A cell may have several lines.
pub(super) fn cells(route: &AuditedRoute) -> [String; 7] {
    let dash = || "-".to_owned();
    let name = match &route.path {
        Some(path) if *path != route.route => format!("{}\n{path}", route.route),
        _ => route.route.clone(),
    };
    [
        name,
        route.component.clone().unwrap_or_else(dash),
        route.wasi.map_or_else(dash, |wasi| format!("p{wasi}")),
        route.alone_ms.map_or_else(dash, units::time),
        route.shared.as_ref().map_or_else(dash, observed),
        route.isolated.as_ref().map_or_else(dash, observed),
        route.meaning.words().to_owned(),
    ]
}

/// Returns the verdict, the time, and the instances if the replies name them.
fn observed(observed: &Observed) -> String {
    let instances = match (observed.instances, observed.most_in_one) {
        (0, _) => String::new(),
        (1, 0) => "\n1 instance".to_owned(),
        (1, most) => format!("\n1 instance, {most} at once"),
        (count, 0 | 1) => format!("\n{count} instances"),
        (count, most) => format!("\n{count} instances, up to {most} at once in one"),
    };
    format!("{}\n{}{instances}", observed.headline, units::time(observed.makespan_ms))
}

/// Returns what the manifest tells without a request.
pub(super) fn shared_components(audit: &Audit) -> String {
    match &audit.shared_components[..] {
        [] => "No component is of WASIp3, so that no instances are shared.".to_owned(),
        [one] => format!("One component is of WASIp3, so that its instances are shared by default: {one}."),
        names => format!(
            "{} components are of WASIp3, so that their instances are shared by default: {}.",
            names.len(),
            names.join(", ")
        ),
    }
}
