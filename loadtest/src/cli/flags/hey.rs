//! hey's long flags, which have one dash.

use std::ffi::OsString;

/// hey's flag and ours.
const FLAGS: [(&str, &str); 6] = [
    ("-disable-compression", "--disable-compression"),
    ("-disable-keepalive", "--disable-keepalive"),
    ("-disable-redirects", "--disable-redirects"),
    ("-h2", "--http2"),
    ("-host", "--host"),
    ("-cpus", "--cpus"),
];

/// The command line with hey's flags of `burst` replaced by ours; all else stays as it is.
pub fn translated(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_none_or(|command| command != "burst") {
        return args;
    }
    for arg in args.iter_mut().skip(2).take_while(|arg| *arg != "--") {
        if let Some(ours) = arg.to_str().and_then(ours) {
            *arg = ours.into();
        }
    }
    args
}

/// With its value, where it has one after an equals sign.
fn ours(arg: &str) -> Option<String> {
    let (name, value) = arg.split_at(arg.find('=').unwrap_or(arg.len()));
    let (_, ours) = FLAGS.iter().find(|(heys, _)| *heys == name)?;
    Some(format!("{ours}{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let args = translated(text.split(' ').map(OsString::from));
        args.iter().map(|arg| arg.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn heys_flags_are_ours_with_two_dashes() {
        assert_eq!(
            line("loadtest burst -n 1 -disable-keepalive -h2 -host a.example -cpus=2 URL"),
            "loadtest burst -n 1 --disable-keepalive --http2 --host a.example --cpus=2 URL"
        );
        assert_eq!(
            line("loadtest burst -disable-compression -disable-redirects URL"),
            "loadtest burst --disable-compression --disable-redirects URL"
        );
    }

    #[test]
    fn all_else_stays() {
        for text in [
            "loadtest serve -host x",
            "loadtest burst -hosts x -H a -- -h2",
            "loadtest",
            "loadtest burst --host x",
        ] {
            assert_eq!(line(text), text);
        }
    }
}
