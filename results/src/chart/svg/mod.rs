//! A burst as SVG: one bar for each request, and below the bars the number of requests in flight over time.
//!
//! The figure stretches to any width. It has no text besides its description, so that axis labels and a legend are left
//! to the page around it.

mod figure;
mod markup;

pub use figure::{Figure, Shape};

use crate::document::Burst;

/// The style of the SVG, and of legend keys in a page around it (`<svg class="key c0">`). It follows the colour scheme of
/// the reader.
pub const STYLE: &str = include_str!("style.css");

/// Draws `burst` as a self-contained SVG document of at most about `max_bars` bars.
pub fn svg(burst: &Burst, max_bars: usize) -> String {
    Figure::new(burst, max_bars).to_svg()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;
    use crate::document::{Request, sample};

    /// The elements of an SVG with their attributes. Panics if it isn't well-formed XML.
    fn elements(svg: &str) -> Vec<(String, Vec<(String, String)>)> {
        let mut reader = Reader::from_str(svg);
        reader.config_mut().check_end_names = true;
        let mut elements = Vec::new();
        loop {
            let event = reader.read_event().unwrap();
            if let Event::Start(element) | Event::Empty(element) = &event {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let attributes = element.attributes().map(Result::unwrap);
                let attributes = attributes.map(|a| (text(a.key.as_ref()), text(&a.value))).collect();
                elements.push((text(element.name().as_ref()), attributes));
            }
            if event == Event::Eof {
                return elements;
            }
        }
    }

    fn count(svg: &str, name: &str) -> usize {
        elements(svg).iter().filter(|(other, _)| other == name).count()
    }

    #[test]
    fn the_svg_of_a_fixed_burst_is_unchanged() {
        insta::assert_snapshot!(svg(&sample::waves(), 120));
    }

    #[test]
    fn a_burst_has_a_bar_for_each_request_and_two_areas() {
        let burst = sample::together();
        let figure = svg(&burst, 120);
        assert_eq!(count(&figure, "g"), 10);
        assert_eq!(count(&figure, "style"), 1, "self-contained");
        assert_eq!(
            figure.matches("class=\"in-flight\"").count() + figure.matches("class=\"in-handler\"").count(),
            2
        );
        assert!(figure.contains("role=\"img\" aria-label=\"10 bars, "), "accessible");
        let inline = Figure::new(&burst, 120).to_inline_svg("b1");
        assert_eq!((count(&inline, "g"), count(&inline, "style")), (10, 0), "the page has the style");
        assert!(inline.contains("data-burst=\"b1\""));
    }

    #[test]
    fn hostile_names_are_text() {
        let evil = "\"/><script>alert(1)</script>]]>&'\0\u{1b}\u{ffff}";
        let mut burst = sample::together();
        for request in &mut burst.requests {
            (request.instance, request.error) = (Some(evil.to_owned()), Some(evil.to_owned()));
        }
        let figure = svg(&burst, 120);
        assert_eq!(count(&figure, "script"), 0);
        assert!(!figure.contains(['\0', '\u{1b}', '\u{ffff}']));
    }

    proptest! {
        #[test]
        fn any_times_are_well_formed_and_inside_the_figure(
            times in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>()), 0..50),
            max_bars in 0_usize..60,
        ) {
            let mut burst = sample::waves();
            let template = burst.requests[0].clone();
            burst.requests = times.iter().enumerate().map(|(i, (sent, first, done, entered))| Request {
                i, sent_us: Some(*sent), first_byte_us: Some(*first), done_us: *done,
                entered_us: Some(*entered), left_us: Some(*first), ..template.clone()
            }).collect();
            let figure = svg(&burst, max_bars);
            for (name, attributes) in elements(&figure) {
                if name == "rect" {
                    let value = |name: &str| {
                        let (_, value) = attributes.iter().find(|(other, _)| other == name).unwrap();
                        value.parse::<f64>().unwrap()
                    };
                    let (left, width) = (value("x"), value("width"));
                    prop_assert!(left >= 0.0 && width > 0.0 && left + width <= 1000.01, "{left} {width}");
                }
            }
        }
    }
}
