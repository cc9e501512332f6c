//! The command line, as a result may show it to others.

/// Flags whose values may be nobody else's business.
const SECRET: [&str; 7] = ["-H", "-a", "-d", "-x", "--header", "--variable", "--proxy"];

/// The words with what may be secret left out, quoted as a shell wants them.
pub fn line(words: impl IntoIterator<Item = String>) -> String {
    let mut words = words.into_iter();
    // The program's path is of this machine.
    let mut line = words.next().map_or(String::new(), |_| "loadtest".to_owned());
    let mut is_secret = false;
    for word in words {
        let shown = if is_secret { "***".to_owned() } else { without_secrets(&word) };
        is_secret = !is_secret && SECRET.contains(&word.as_str());
        line.push(' ');
        line += &quoted(&shown);
    }
    line
}

fn without_secrets(word: &str) -> String {
    let value_follows = |flag: &&&str| word.len() > flag.len() && word.starts_with(**flag);
    match SECRET.iter().find(value_follows) {
        Some(flag) if flag.starts_with("--") && word[flag.len()..].starts_with('=') => format!("{flag}=***"),
        Some(flag) if !flag.starts_with("--") && !word.starts_with("--") => format!("{flag}***"),
        _ => without_password(word),
    }
}

/// A URL may carry a name and a password.
fn without_password(word: &str) -> String {
    let parts = word
        .split_once("://")
        .map(|(scheme, rest)| (scheme, rest.split_at(rest.find('/').unwrap_or(rest.len()))));
    match parts.and_then(|(scheme, (authority, path))| Some((scheme, authority.rsplit_once('@')?.1, path))) {
        Some((scheme, host, path)) => format!("{scheme}://***@{host}{path}"),
        None => word.to_owned(),
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=,@%+*".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line_: &str) -> String {
        line(line_.split(' ').map(str::to_owned))
    }

    #[test]
    fn secrets_stay_out_and_the_rest_can_be_run_again() {
        for (given, shown) in [
            ("/usr/bin/loadtest run --setup 1,3", "loadtest run --setup 1,3"),
            ("loadtest burst -H Cookie:a -n 3 http://a/?b", "loadtest burst -H *** -n 3 'http://a/?b'"),
            ("loadtest burst -HCookie:a http://u:p@a/b", "loadtest burst -H*** http://***@a/b"),
            ("loadtest run --variable k=v --variable=k=v", "loadtest run --variable *** --variable=***"),
            (
                "loadtest burst --disable-keepalive http://a/b@c",
                "loadtest burst --disable-keepalive http://a/b@c",
            ),
        ] {
            assert_eq!(told(given), shown);
        }
        assert_eq!(line(["l", "it's", ""].map(str::to_owned)), r"loadtest 'it'\''s' ''");
    }
}
