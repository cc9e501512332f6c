//! A comparison as a page.

use askama::Template;

use super::format::{COLUMNS, Content, Format};

/// The format.
pub const FORMAT: Format = Format {
    name: "html",
    help: "A self-contained page",
    render: |content, _| Ok(Page { content }.render()?),
};

const STYLE: &str = include_str!("../../../templates/report.css");

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    content: &'a Content,
}
