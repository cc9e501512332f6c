//! The SVG markup of a figure. Attributes and text are escaped for XML and for HTML.

use std::fmt::Write;

use super::STYLE;
use super::figure::{Area, CONCURRENCY_HEIGHT, Figure, GAP, Shape, WIDTH};

impl Figure {
    /// Returns a self-contained SVG document.
    pub fn to_svg(&self) -> String {
        let title = format!("<title>{}</title><style>{STYLE}</style>", escaped(&self.description()));
        self.element("xmlns=\"http://www.w3.org/2000/svg\" ", &title)
    }

    /// Returns an SVG element for an HTML page that has [`STYLE`]. `id` becomes its attribute `data-burst`.
    pub fn to_inline_svg(&self, id: &str) -> String {
        self.element(&format!("data-burst=\"{}\" ", escaped(id)), "")
    }

    fn element(&self, attributes: &str, head: &str) -> String {
        let height = self.height + GAP + CONCURRENCY_HEIGHT + 1.0;
        let mut text = format!(
            "<svg {attributes}role=\"img\" aria-label=\"{}\" class=\"bars\" data-end-us=\"{}\" width=\"{WIDTH}\" \
             height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" preserveAspectRatio=\"none\">{head}",
            escaped(&self.description()),
            self.end_us,
        );
        for quarter in 1..4 {
            let x = WIDTH / 4.0 * f64::from(quarter);
            let _ = write!(text, "<path class=\"grid\" d=\"M{x} 0V{}\"/>", self.height);
        }
        text.push('\n');
        self.bars.iter().for_each(|shape| text += &group(shape));
        text += &area("in-flight", &self.in_flight);
        for found in [&self.in_handler, &self.inferred].into_iter().flatten() {
            text += &area("in-handler", found);
        }
        let _ = write!(text, "<path class=\"baseline\" d=\"M0 {y}H{WIDTH}\"/>\n</svg>", y = height - 0.5);
        text
    }
}

/// Returns the bar of a request, or of a group of requests.
fn group(shape: &Shape) -> String {
    let class = match (shape.bar.is_good, shape.colour) {
        (false, _) => "failed".to_owned(),
        (true, Some(colour)) => format!("c{colour}"),
        (true, None) => "c".to_owned(),
    };
    let (y, height) = (shape.y, shape.height);
    let mut text = format!(
        "<g class=\"{class}\" data-i=\"{}\" data-count=\"{}\"><title>{}</title>",
        shape.bar.i,
        shape.bar.count,
        escaped(&shape.label()),
    );
    text += &rect("whole", shape.whole, y, height);
    if shape.bar.is_good {
        text += &rect("answering", shape.answering, y, height);
    }
    let core = [("inside", shape.inside), ("inferred", shape.inferred)];
    for (class, extent) in core.into_iter().filter_map(|(class, extent)| Some((class, extent?))) {
        text += &rect(class, extent, y + height * 0.15, height * 0.7);
    }
    text + "</g>\n"
}

fn rect(class: &str, (x, width): (f64, f64), y: f64, height: f64) -> String {
    format!("<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height:.1}\"/>")
}

fn area(class: &str, area: &Area) -> String {
    format!("<path class=\"{class}\" d=\"{}\"/>\n", area.path)
}

/// Escapes text for XML and HTML. Characters that XML forbids are replaced by U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&#34;",
            '\'' => escaped += "&#39;",
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
