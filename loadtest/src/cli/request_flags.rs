//! The flags for the request in a command line, as another command can take them.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args};
use results::document::quoted;

use super::flags::{RequestArgs, command};

/// What `diagnose` doesn't take: its experiments choose the connections themselves.
const NOT_FOR_DIAGNOSE: &str = "disable_keepalive";

/// Returns the flags for the request that `diagnose` takes, from the command line of a `burst`. `None` if it is another command's.
pub fn of_burst(command_line: &str) -> Option<Vec<String>> {
    // The start time was in the future when the command ran.
    let command = command().mut_subcommand("burst", |burst| {
        burst.mut_arg("start_at", |flag| flag.value_parser(clap::value_parser!(String)))
    });
    let matches = command.try_get_matches_from(shlex::split(command_line)?).ok()?;
    let (_, burst) = matches.subcommand().filter(|(name, _)| *name == "burst")?;
    let known = RequestArgs::augment_args(clap::Command::new(""));
    let of_request = known.get_arguments().filter(|flag| flag.get_id() != NOT_FOR_DIAGNOSE);
    let given = of_request
        .filter(|flag| burst.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine));
    Some(given.flat_map(|flag| words(flag, burst)).collect())
}

/// Returns a flag as it was given, once for each occurrence.
fn words(flag: &Arg, given: &ArgMatches) -> Vec<String> {
    let long = flag.get_long().map(|name| format!("--{name}"));
    let Some(name) = long.or_else(|| flag.get_short().map(|name| format!("-{name}"))) else { return vec![] };
    if !flag.get_action().takes_values() {
        return vec![name];
    }
    let occurrences = given.get_raw_occurrences(flag.get_id().as_str()).into_iter().flatten();
    let value = |values: Vec<String>| quoted(&values.join(","));
    let values = occurrences.map(|values| value(values.map(|one| one.to_string_lossy().into()).collect()));
    values.flat_map(|value| [name.clone(), value]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_for_the_request_are_those_of_the_burst() {
        let of = |line: &str| of_burst(line).map(|words| words.join(" "));
        for (line, flags) in [
            ("loadtest burst -n 20 -c 20 http://127.0.0.1:8000/slow", Some("")),
            (
                "loadtest burst -n 20 -m POST -H '***' -H '***' -T application/json --service-ms 1.5,2 --http2 -t 3 a/slow",
                Some("-m POST -H '***' -H '***' -T application/json -t 3 --http2 --service-ms 1.5,2"),
            ),
            ("loadtest burst --start-at 2020-01-01T00:00:00Z --cold http://a/", Some("--cold")),
            ("loadtest burst --disable-keepalive --cold --out 'a b' http://a/", Some("--cold")),
            ("loadtest run --setup 1", None),
            ("loadtest merge a.json b.json", None),
            ("hey -n 10 http://a/", None),
            ("'", None),
        ] {
            assert_eq!(of(line).as_deref(), flags, "{line}");
        }
    }
}
