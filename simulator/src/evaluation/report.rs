//! The evaluation as lines of text.

use std::fmt::{self, Write as _};

use judge::mechanism::Name;

use super::{Counts, Evaluation, Mistake};

impl Evaluation {
    /// Returns a report in lines of text.
    pub fn report(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).ok();
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(
            text,
            "{:<24} {:>5}  {:<18} {:<18} {:<18} {:>6}  {:<18} {:<18}",
            "mechanism", "cases", "kind high", "medium", "low", "open", "named", "best guess"
        )?;
        let all = self.total(|_| true);
        for (group, counts) in self.groups.iter().chain([(&"all".to_owned(), &all)]) {
            let [low, medium, high] = counts.kinds.map(|share| share.to_string());
            let (named, best) = (counts.named.to_string(), counts.best.to_string());
            let Counts { cases, inconclusive, .. } = counts;
            writeln!(
                text,
                "{group:<24} {cases:>5}  {high:<18} {medium:<18} {low:<18} {inconclusive:>6}  {named:<18} {best:<18}"
            )?;
        }
        writeln!(text)?;
        for (noise, counts) in &self.noises {
            let (name, high) = (noise.name(), counts.high());
            writeln!(text, "{name}: kind high {high}, open {}, named {}", counts.inconclusive, counts.named)?;
        }
        writeln!(text, "\nintervals: hold k, median width")?;
        for (band, intervals) in &self.intervals {
            let width = intervals.median_width().unwrap_or(f64::NAN);
            writeln!(text, "  spread {:<11} {}, {width:.2} k", band.name(), intervals.hold)?;
        }
        writeln!(text, "\nconclusive")?;
        for ((expected, band), share) in &self.conclusive {
            writeln!(text, "  {:<38} spread {:<11} {share}", expected.name(), band.name())?;
        }
        writeln!(text, "\nsaid probability: how often right")?;
        for (tenth, share) in &self.reliability {
            writeln!(text, "  {:.1} to {:.1}  {share}", *tenth as f64 / 10.0, (*tenth + 1) as f64 / 10.0)?;
        }
        writeln!(text, "\nnamed, by truth")?;
        for group in self.groups.keys() {
            let said = self.confusion.iter().filter(|((truth, _), _)| truth == group);
            let said: Vec<String> = said
                .map(|((_, said), count)| format!("{} {count}", said.map_or("(open)", Name::as_str)))
                .collect();
            writeln!(text, "  {group:<24} {}", said.join(", "))?;
        }
        writeln!(text, "\nwrong at high confidence, or named wrongly")?;
        for Mistake { case, group, text: mistake } in &self.errors {
            writeln!(text, "  {case} {group}: {mistake}")?;
        }
        Ok(())
    }
}
