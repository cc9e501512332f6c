//! The command line, safe to publish in a result.

/// Flags with values that may be secret.
const SECRET_FLAGS: [&str; 8] =
    ["-H", "-a", "-d", "-x", "--header", "--also-header", "--variable", "--proxy"];

/// What replaces a value that may be secret.
pub const HIDDEN: &str = "***";

/// Joins `words`, quoted for a shell. `***` replaces values that may be secret.
pub fn command_line(words: impl IntoIterator<Item = String>) -> String {
    let mut words = words.into_iter();
    // The program's path differs from machine to machine.
    let mut line = words.next().map_or(String::new(), |_| "loadtest".to_owned());
    let mut is_secret = false;
    for word in words {
        let shown = if is_secret { HIDDEN.to_owned() } else { without_secrets(&word) };
        is_secret = !is_secret && SECRET_FLAGS.contains(&word.as_str());
        line.push(' ');
        line += &quoted(&shown);
    }
    line
}

fn without_secrets(word: &str) -> String {
    let has_value = |flag: &&&str| word.len() > flag.len() && word.starts_with(**flag);
    match SECRET_FLAGS.iter().find(has_value) {
        Some(flag) if flag.starts_with("--") && word[flag.len()..].starts_with('=') => {
            format!("{flag}={HIDDEN}")
        }
        Some(flag) if !flag.starts_with("--") && !word.starts_with("--") => format!("{flag}{HIDDEN}"),
        _ => without_password(word),
    }
}

/// Returns the word with `***` for the user name and the password of a URL.
pub fn without_password(word: &str) -> String {
    let parts = word
        .split_once("://")
        .map(|(scheme, rest)| (scheme, rest.split_at(rest.find('/').unwrap_or(rest.len()))));
    match parts.and_then(|(scheme, (authority, path))| Some((scheme, authority.rsplit_once('@')?.1, path))) {
        Some((scheme, host, path)) => format!("{scheme}://{HIDDEN}@{host}{path}"),
        None => word.to_owned(),
    }
}

/// Returns the word quoted for a shell, if it has to be.
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=,@%+".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        command_line(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn secrets_are_replaced_and_other_words_are_kept() {
        for (given, expected) in [
            ("/usr/bin/loadtest run --setup 1,3", "loadtest run --setup 1,3"),
            ("loadtest burst -H Cookie:a -n 3 http://a/?b", "loadtest burst -H '***' -n 3 'http://a/?b'"),
            ("loadtest burst -HCookie:a http://u:p@a/b", "loadtest burst '-H***' 'http://***@a/b'"),
            ("loadtest run --variable k=v --variable=k=v", "loadtest run --variable '***' '--variable=***'"),
            (
                "loadtest burst --disable-keepalive http://a/b@c",
                "loadtest burst --disable-keepalive http://a/b@c",
            ),
        ] {
            assert_eq!(shown(given), expected);
        }
        assert_eq!(command_line(["l", "it's", ""].map(str::to_owned)), r"loadtest 'it'\''s' ''");
    }
}
