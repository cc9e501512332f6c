//! What an answer says of who gave it. The server may lie, or babble: all that is kept is bounded.

use http::HeaderMap;
use http::header::SERVER;
use judge::trace::Evidence;

/// A reply that carries evidence is small; more of a body than this is read and thrown away.
pub const BODY_BYTES: usize = 64 * 1024;
/// A name, in characters; a longer one is none of ours.
const NAME_CHARS: usize = 100;

/// The start of a body.
#[derive(Default)]
pub struct BodyPrefix(Vec<u8>);

impl BodyPrefix {
    /// Takes as much of a piece as there is room for.
    pub fn add(&mut self, piece: &[u8]) {
        let room = BODY_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// The evidence in it, of a burst that started at `start_ns`.
    pub fn evidence(&self, start_ns: u64) -> Option<Evidence> {
        evidence(&self.0, start_ns)
    }
}

/// The evidence, where `body` is our endpoints' reply and says what can be; `start_ns` is the burst's start, in
/// nanoseconds since 1970.
pub fn evidence(body: &[u8], start_ns: u64) -> Option<Evidence> {
    let reply: endpoint::Reply = serde_json::from_slice(body).ok()?;
    let is_name = |name: &str| name.chars().count() <= NAME_CHARS && !name.contains(char::is_control);
    let names = [Some(&*reply.instance), Some(&*reply.endpoint), Some(&*reply.style), reply.host.as_deref()];
    let is_possible = reply.served > 0 && reply.entered_unix_ns <= reply.left_unix_ns;
    (names.into_iter().flatten().all(is_name) && is_possible).then_some(Evidence {
        instance: reply.instance,
        endpoint: reply.endpoint,
        style: reply.style,
        served: reply.served,
        entered_ns: reply.entered_unix_ns,
        left_ns: reply.left_unix_ns,
        start_ns,
        host: reply.host,
    })
}

/// The Server header, cut to a name's length.
pub fn server(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(SERVER)?.to_str().ok()?.chars().take(NAME_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(body: &[u8]) -> Option<Evidence> {
        let mut prefix = BodyPrefix::default();
        body.chunks(1_000).for_each(|piece| prefix.add(piece));
        assert!(prefix.0.len() <= BODY_BYTES);
        prefix.evidence(1_000)
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
    fn what_can_be_is_taken_and_what_can_not_is_not() {
        assert!(kept(&reply("a", 1, 5, 6)).is_some());
        for impossible in [
            reply("a", 0, 5, 6),
            reply("a", 1, 6, 5),
            reply(&"a".repeat(101), 1, 5, 6),
            reply("\u{1b}[2J", 1, 5, 6),
        ] {
            assert_eq!(kept(&impossible), None);
        }
    }

    proptest! {
        #[test]
        fn garbage_is_no_evidence_and_no_panic(body in prop::collection::vec(any::<u8>(), 0..70_000)) {
            prop_assert_eq!(kept(&body), None);
        }

        #[test]
        fn hostile_replies_are_bounded(name in ".{0,300}", served in any::<i64>(), entered in any::<u64>(), left in any::<u64>()) {
            if let Some(evidence) = kept(&reply(&name, served, entered, left)) {
                prop_assert!(evidence.instance.chars().count() <= NAME_CHARS && evidence.served > 0);
                let (entered, left) = evidence.interval_us();
                prop_assert!(entered <= left);
            }
        }
    }
}
