use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

const START_S: u64 = 1_764_182_120;

/// What is read of a reply with these headers and this body, which took three seconds.
fn read(headers: &[(&str, &[u8])], body: &[u8]) -> (Option<Evidence>, Option<f64>) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        map.append(name.parse::<HeaderName>().unwrap(), value);
    }
    let mut prefix = BodyPrefix::default();
    prefix.add(body);
    let latency = Duration::from_secs(3);
    let reply =
        Reply { headers: &map, body: &prefix, path: "/slow", start_ns: START_S * 1_000_000_000, latency };
    (reply.evidence(), reply.server_time_us())
}

fn served_by(value: &str) -> Option<Evidence> {
    read(&[("served-by", value.as_bytes())], b"").0
}

fn interval_us(value: &str) -> Option<(f64, f64)> {
    served_by(value).unwrap().interval_us()
}

fn body(instance: &str) -> Vec<u8> {
    let entered = START_S * 1_000_000_000;
    let reply = serde_json::json!({
        "endpoint": "e2-p4", "style": "sync", "wait_ms": 1, "instance": instance, "served": 4, "in_flight": 1,
        "entered_unix_ns": entered, "left_unix_ns": entered + 1_000, "host": "here",
    });
    reply.to_string().into_bytes()
}

#[test]
fn a_name_alone_is_evidence() {
    for (value, instance) in [("\"9f2c\"", "9f2c"), ("worker-7", "worker-7"), ("*a:b/c", "*a:b/c")] {
        let evidence = served_by(value).unwrap();
        assert_eq!((evidence.instance.as_str(), evidence.endpoint.as_str()), (instance, "slow"));
        assert_eq!((evidence.served, evidence.stay, evidence.host), (None, None, None));
    }
}

#[test]
fn all_parameters_are_read() {
    let value = "\"9f2c\"; served=3; in-flight=2; entered=\"1764182121.125456\"; left=\"1764182122\"; host=\"a b\"; \
                 style=sync; more=?1";
    let evidence = served_by(value).unwrap();
    assert_eq!((evidence.served, evidence.host.as_deref(), &*evidence.style), (Some(3), Some("a b"), "sync"));
    assert_eq!(evidence.interval_us(), Some((1_125_456.0, 2_000_000.0)));
}

#[test]
fn hostile_values_are_ignored() {
    let long = "a".repeat(10_000);
    let longer_name = format!("\"{}\"", "a".repeat(101));
    for value in ["", "\"\"", "\" \"", "7", "?1", "(a b)", "a, b", "a b", "\"a", "a;;", &long, &longer_name] {
        assert_eq!(served_by(value), None, "{value}");
    }
    assert_eq!(read(&[("served-by", b"\"\xff\"")], b"").0, None);
    assert_eq!(read(&[("served-by", b"\"a\tb\"")], b"").0, None);
    assert_eq!(read(&[("served-by", b"a"), ("served-by", b"b")], b"").0, None, "two servers");
}

#[test]
fn an_invalid_or_impossible_parameter_is_ignored() {
    for served in ["0", "-3", "4294967296", "1.5", "\"3\"", "?1"] {
        assert_eq!(served_by(&format!("a;served={served}")).unwrap().served, None, "{served}");
    }
    let host = format!("a;host=\"{}\"", "h".repeat(101));
    assert_eq!(served_by(&host).unwrap().host, None);
    assert!(interval_us("a;entered=\"1764182121\";left=\"1764182122.5\"").is_some());
    for (entered, left) in [
        ("\"1764182122\"", "\"1764182121\""),
        ("\"1764182121\"", "\"1764182129\""),
        ("\"253370764800\"", "\"253370764801\""),
        ("\"1764182121\"", "\"99999999999999999999\""),
        ("\"1764182121.1234567\"", "\"1764182122\""),
        ("\"-1\"", "\"1\""),
        ("\"1764182121.\"", "\"1764182122\""),
        ("\"+1764182121\"", "\"1764182122\""),
        ("1764182121", "1764182122"),
        ("\"\"", "\"1764182122\""),
    ] {
        assert_eq!(interval_us(&format!("a;entered={entered};left={left}")), None, "{entered} {left}");
    }
    assert_eq!(interval_us("a;entered=\"1764182121\""), None);
}

#[test]
fn the_header_wins_and_the_body_adds_what_it_leaves_out() {
    let read =
        |header: &str, instance: &str| read(&[("served-by", header.as_bytes())], &body(instance)).0.unwrap();
    let same = read("b", "b");
    assert_eq!((same.served, same.endpoint.as_str(), same.host.as_deref()), (Some(4), "e2-p4", Some("here")));
    assert!(same.stay.is_some());
    let other = read("a;style=cpu", "b");
    assert_eq!((&*other.instance, other.served, other.stay, &*other.style), ("a", None, None, "cpu"));
    assert_eq!(read("(", "b").instance, "b", "an invalid header changes nothing");
}

#[test]
fn the_server_s_own_time_is_read_in_its_unit() {
    let time = |headers: &[(&str, &str)]| {
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        read(&headers, b"").1.map(f64::round)
    };
    for (name, value, us) in [
        ("server-timing", "total;dur=123.4567", Some(123_457.0)),
        ("server-timing", "cache;desc=\"Cache, Read;dur=9\";dur=23.2", Some(23_200.0)),
        ("server-timing", "db;dur=53, app;dur=47.2, Total;dur=\"99\"", Some(99_000.0)),
        ("server-timing", "db;dur=53, miss, app;dur=47.2", None),
        ("server-timing", "miss, app;dur=47", Some(47_000.0)),
        ("server-timing", "total;dur=-4", None),
        ("x-runtime", "0.25", Some(250_000.0)),
        ("x-process-time", "0.1", Some(100_000.0)),
        ("x-process-time", "100", None),
        ("x-response-time", "12", Some(12_000.0)),
        ("x-response-time", "12.5ms", Some(12_500.0)),
        ("x-response-time", "1.5 s", Some(1_500_000.0)),
        ("x-response-time", "120us", Some(120.0)),
        ("x-response-time", "soon", None),
        ("x-runtime", "NaN", None),
        ("x-runtime", "1e3", None),
        ("x-runtime", "", None),
    ] {
        assert_eq!(time(&[(name, value)]), us, "{name}: {value}");
    }
    assert_eq!(time(&[("x-runtime", "0.5"), ("server-timing", "total;dur=400")]), Some(400_000.0));
    assert_eq!(time(&[("x-runtime", "0.5"), ("server-timing", "miss")]), Some(500_000.0));
}

proptest! {
    #[test]
    fn any_header_is_bounded_and_possible_or_ignored(
        value in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..2_000),
            "[a-z\"*]{1,4}(;(served|in-flight|host|style|entered|left)=(-?[0-9]{1,16}|\"[0-9.]{0,20}\"|\"[ -~]{0,200}\")){0,6}"
                .prop_map(String::into_bytes),
        ],
        other in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let headers = [("served-by", &value[..]), ("server-timing", &other), ("x-runtime", &value), ("x-response-time", &other)];
        let (evidence, time) = read(&headers, &other);
        prop_assert!(time.is_none_or(|us| (0.0..=3.4e6).contains(&us)));
        if let Some(evidence) = evidence {
            prop_assert!(is_name(&evidence.instance) && !evidence.instance.is_empty());
            prop_assert!(is_name(&evidence.style) && evidence.host.as_deref().is_none_or(is_name));
            prop_assert!(evidence.served != Some(0));
            prop_assert!(evidence.interval_us().is_none_or(|(entered, left)| entered <= left && left - entered <= 3.4e6));
        }
    }
}
