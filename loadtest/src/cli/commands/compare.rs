//! `loadtest compare`.

use results::compare::Comparison;

use super::stdout::print;
use crate::cli::flags::CompareArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::report::{compare, terminal};
use crate::runner::document;

pub fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let before = document::read(&args.before).or_exit(Exit::Usage)?;
    let after = document::read(&args.after).or_exit(Exit::Usage)?;
    let comparison = Comparison::new(&before, &after, args.tolerance);
    if comparison.pairs.is_empty() {
        let message = "the two results have no burst with the same system, manifest, setup and endpoint";
        return Err(Failure::new(Exit::Usage, message));
    }
    let names = [&args.before, &args.after].map(|path| path.display().to_string());
    let names = [names[0].as_str(), names[1].as_str()];
    let text = compare::text(&comparison, names, args.tolerance, args.format, terminal::width());
    print(&text.or_exit(Exit::Usage)?)?;
    Ok(if args.fail_on_change && comparison.is_changed() { Exit::Unexpected } else { Exit::Success })
}
