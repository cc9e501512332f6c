//! The arguments of this process. hey's long flags, which have one dash, are replaced.

use std::ffi::OsString;

/// The flags of hey, with the flags of `loadtest burst`.
const FLAGS: [(&str, &str); 6] = [
    ("-disable-compression", "--disable-compression"),
    ("-disable-keepalive", "--disable-keepalive"),
    ("-disable-redirects", "--disable-redirects"),
    ("-h2", "--http2"),
    ("-host", "--host"),
    ("-cpus", "--cpus"),
];

/// The arguments of this process, with the flags of hey in `burst` replaced by those of `loadtest burst`.
pub fn of_process() -> Vec<OsString> {
    translated(std::env::args_os())
}

/// The same for any arguments.
fn translated(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_none_or(|command| command != "burst") {
        return args;
    }
    for arg in args.iter_mut().skip(2).take_while(|arg| *arg != "--") {
        if let Some(flag) = arg.to_str().and_then(translation) {
            *arg = flag.into();
        }
    }
    args
}

/// The flag of `loadtest burst`, with its value if it has one after an equals sign.
fn translation(arg: &str) -> Option<String> {
    let (name, value) = arg.split_at(arg.find('=').unwrap_or(arg.len()));
    let (_, flag) = FLAGS.iter().find(|(of_hey, _)| *of_hey == name)?;
    Some(format!("{flag}{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let args = translated(text.split(' ').map(OsString::from));
        args.iter().map(|arg| arg.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_of_hey_get_a_second_dash() {
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
    fn other_arguments_are_unchanged() {
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
