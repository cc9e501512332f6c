//! Evidence in the body of a reply of the test endpoints.

use judge::trace::{Evidence, Stay};

use super::is_name;

/// The number of bytes of a body that are kept. A reply with evidence is smaller; the remainder is read and discarded.
pub const BODY_BYTES: usize = 64 * 1024;

/// The first [`BODY_BYTES`] bytes of a body.
#[derive(Debug, Default)]
pub struct BodyPrefix(Vec<u8>);

impl BodyPrefix {
    /// Appends as many bytes of `chunk` as fit.
    pub fn add(&mut self, chunk: &[u8]) {
        let room = BODY_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }

    /// Returns the first line that isn't blank, without control characters, and at most `length` characters of it.
    pub fn first_line(&self, length: usize) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        let mut shown: String = line.chars().filter(|char| !char.is_control()).take(length).collect();
        if line.chars().count() > length {
            shown += "...";
        }
        Some(shown)
    }

    /// As [`evidence`].
    pub fn evidence(&self, start_ns: u64) -> Option<Evidence> {
        evidence(&self.0, start_ns)
    }
}

/// Returns the evidence in `body`; `None` if it isn't a reply of the test endpoints, or its values are impossible.
///
/// `start_ns` is the burst's start, in nanoseconds since 1970.
pub fn evidence(body: &[u8], start_ns: u64) -> Option<Evidence> {
    // Most bodies are no JSON object. The parser's error takes longer than this look.
    body.trim_ascii_start().starts_with(b"{").then_some(())?;
    let reply: endpoint::Reply = serde_json::from_slice(body).ok()?;
    let names = [Some(&*reply.instance), Some(&*reply.endpoint), Some(&*reply.style), reply.host.as_deref()];
    let is_possible = reply.served > 0 && reply.entered_unix_ns <= reply.left_unix_ns;
    (names.into_iter().flatten().all(is_name) && is_possible).then_some(Evidence {
        instance: reply.instance,
        endpoint: reply.endpoint,
        style: reply.style,
        served: Some(reply.served),
        stay: Some(Stay { entered_ns: reply.entered_unix_ns, left_ns: reply.left_unix_ns }),
        start_ns,
        host: reply.host,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NAME_CHARS;
    use super::*;

    fn parse(body: &[u8]) -> Option<Evidence> {
        let mut prefix = BodyPrefix::default();
        body.chunks(1_000).for_each(|chunk| prefix.add(chunk));
        assert!(prefix.0.len() <= BODY_BYTES);
        prefix.evidence(1_000)
    }

    #[test]
    fn the_first_line_is_short_and_plain() {
        let line = |body: &[u8]| {
            let mut prefix = BodyPrefix::default();
            prefix.add(body);
            prefix.first_line(10)
        };
        assert_eq!(line(b"\r\n  no \x1b[1mtea\nmore").unwrap(), "no [1mtea");
        assert_eq!(line(b"a long first line").unwrap(), "a long fir...");
        assert_eq!((line(b""), line(b" \n")), (None, None));
    }

    fn reply(instance: &str, served: i64, entered: u64, left: u64) -> Vec<u8> {
        let reply = serde_json::json!({
            "endpoint": "e1-p1", "style": "sync", "wait_ms": 1, "instance": instance, "served": served,
            "in_flight": 1,
            "entered_unix_ns": entered, "left_unix_ns": left,
        });
        reply.to_string().into_bytes()
    }

    #[test]
    fn impossible_values_are_no_evidence() {
        assert!(parse(&reply("a", 1, 5, 6)).is_some());
        for impossible in [
            reply("a", 0, 5, 6),
            reply("a", 1, 6, 5),
            reply(&"a".repeat(101), 1, 5, 6),
            reply("\u{1b}[2J", 1, 5, 6),
        ] {
            assert_eq!(parse(&impossible), None);
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_no_evidence_and_no_panic(body in prop::collection::vec(any::<u8>(), 0..70_000)) {
            prop_assert_eq!(parse(&body), None);
        }

        #[test]
        fn evidence_in_hostile_replies_is_bounded(name in ".{0,300}", served in any::<i64>(), entered in any::<u64>(), left in any::<u64>()) {
            if let Some(evidence) = parse(&reply(&name, served, entered, left)) {
                prop_assert!(evidence.instance.chars().count() <= NAME_CHARS && evidence.served > Some(0));
                let (entered, left) = evidence.interval_us().unwrap();
                prop_assert!(entered <= left);
            }
        }
    }
}
