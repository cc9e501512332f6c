//! The same bursts in each text format, and functions to import them.

use std::fmt::Write;
use std::sync::Arc;

use judge::schedule::DEFAULT_KEEP;

use crate::document::{Burst, Document};
use crate::import::format::Format;
use crate::import::{Options, Source, document, hey, jmeter, k6, oha, vegeta};
use crate::input::Input;

/// A burst of ten requests, served `at_a_time` in one second each: the start and the duration of each, in seconds.
pub fn served(at_a_time: usize) -> Vec<(f64, f64)> {
    (0..10).map(|i| (i as f64 * 1e-4, (i / at_a_time + 1) as f64 + 0.002 + i as f64 * 1e-4)).collect()
}

pub fn hey_csv(requests: &[(f64, f64)]) -> String {
    let mut text =
        "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
            .to_owned();
    for (began, took) in requests {
        let _ = writeln!(text, "{took:.4},0.0003,0.0000,0.0000,{took:.4},0.0001,200,{began:.4}");
    }
    text
}

pub fn oha_csv(requests: &[(f64, f64)]) -> String {
    let mut text = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n".to_owned();
    for (began, took) in requests {
        let _ = writeln!(text, "{began},0.000061582,0.000262992,{took},{took},178,200");
    }
    text
}

/// As oha 1.16 writes it: eleven bars, the first with only the fastest request.
pub fn oha_json(requests: &[(f64, f64)]) -> String {
    let times: Vec<f64> = requests.iter().map(|(_, took)| *took).collect();
    let (fastest, slowest) =
        (times.iter().copied().fold(f64::MAX, f64::min), times.iter().copied().fold(0.0, f64::max));
    let bounds: Vec<f64> = (0..=10).map(|i| fastest + (slowest - fastest) * f64::from(i) / 10.0).collect();
    let mut bars = serde_json::Map::new();
    let mut below = 0;
    for bound in bounds {
        let count = times.iter().filter(|time| **time <= bound + 1e-9).count();
        bars.insert(bound.to_string(), (count - below).into());
        below = count;
    }
    serde_json::json!({
        "summary": { "successRate": 1.0, "total": slowest, "slowest": slowest, "fastest": fastest, "requestsPerSec": 1.0 },
        "metrics": {}, "responseTimeHistogram": bars, "statusCodeDistribution": { "200": requests.len() }, "errorDistribution": {},
    })
    .to_string()
}

/// The start of a burst with timestamps: 2026-11-24, in nanoseconds.
pub const START_NS: i64 = 1_795_478_400_000_000_000;

pub fn k6_points(requests: &[(f64, f64)]) -> Vec<(String, i64, f64, usize)> {
    let mut points = Vec::new();
    for (vu, (began, took)) in requests.iter().enumerate() {
        let ended = START_NS + ((began + took) * 1e9) as i64;
        for (metric, value) in [
            ("http_reqs", 1.0),
            ("http_req_duration", took * 1e3 - 0.3),
            ("http_req_blocked", 0.3),
            ("http_req_connecting", 0.2),
            ("http_req_tls_handshaking", 0.0),
            ("http_req_sending", 0.05),
            ("http_req_waiting", took * 1e3 - 0.4),
            ("http_req_receiving", 0.05),
            ("http_req_failed", 0.0),
        ] {
            points.push((metric.to_owned(), ended, value, vu));
        }
    }
    points
}

pub fn k6_json(requests: &[(f64, f64)]) -> String {
    let mut text = r#"{"type":"Metric","data":{"name":"http_reqs","type":"counter"},"metric":"http_reqs"}"#
        .to_owned()
        + "\n";
    for (metric, ns, value, vu) in k6_points(requests) {
        let time = jiff::Timestamp::from_nanosecond(ns.into()).unwrap();
        let point = serde_json::json!({
            "metric": metric, "type": "Point",
            "data": {
                "time": time.to_string(), "value": value,
                "tags": { "url": "http://127.0.0.1:3000/e1/p1", "name": "x", "status": "200" },
                "metadata": { "vu": vu.to_string(), "iter": "0" },
            },
        });
        let _ = writeln!(text, "{point}");
    }
    text
}

pub fn k6_csv(requests: &[(f64, f64)], unit: i64) -> String {
    let mut text =
        "metric_name,timestamp,metric_value,error,method,status,url,extra_tags,metadata\n".to_owned();
    for (metric, ns, value, vu) in k6_points(requests) {
        let _ = writeln!(
            text,
            "{metric},{},{value},,GET,200,http://127.0.0.1:3000/e1/p1,a=b,iter=0&vu={vu}",
            ns / unit
        );
    }
    text
}

pub fn vegeta_json(requests: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (seq, (began, took)) in requests.iter().enumerate() {
        let time = jiff::Timestamp::from_nanosecond((START_NS + (began * 1e9) as i64).into()).unwrap();
        let line = serde_json::json!({
            "attack": "", "seq": seq, "code": 200, "timestamp": time.to_string(), "latency": (took * 1e9) as i64,
            "bytes_out": 0, "bytes_in": 2, "error": "", "body": "e30=", "method": "GET", "url": "http://127.0.0.1:3000/e1/p1",
            "headers": {},
        });
        let _ = writeln!(text, "{line}");
    }
    text
}

pub fn vegeta_csv(requests: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (seq, (began, took)) in requests.iter().enumerate() {
        let (began, took) = (START_NS + (began * 1e9) as i64, (took * 1e9) as i64);
        let _ = writeln!(text, "{began},200,{took},0,2,,e30=,,{seq},GET,http://127.0.0.1:3000/e1/p1,");
    }
    text
}

/// As JMeter writes it by default.
pub fn jmeter_csv(requests: &[(f64, f64)]) -> String {
    let mut text = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,\
        sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
        .to_owned();
    for (i, (began, took)) in requests.iter().enumerate() {
        let (start, ms) = (START_NS / 1_000_000 + (began * 1e3) as i64, (took * 1e3) as i64);
        text += &format!(
            "{start},{ms},\"slow, e1\",200,OK,Thread Group 1-{i},text,true,,120,118,10,10,http://127.0.0.1:3000/e1/p1,{ms},0,1\n"
        );
    }
    text
}

pub type Writer = fn(&[(f64, f64)]) -> String;

/// The text formats.
pub const WRITERS: [(Writer, &Format); 8] = [
    (hey_csv, &hey::FORMAT),
    (oha_csv, &oha::CSV),
    (oha_json, &oha::JSON),
    (k6_json, &k6::JSON),
    (|requests| k6_csv(requests, 1), &k6::CSV),
    (vegeta_json, &vegeta::JSON),
    (vegeta_csv, &vegeta::CSV),
    (jmeter_csv, &jmeter::CSV),
];

pub fn options() -> Options {
    Options {
        service_ms: vec![1_000.0],
        n: None,
        c: None,
        good: Arc::from([200..=299]),
        max_rows: DEFAULT_KEEP,
    }
}

pub fn source(bytes: &[u8]) -> Source {
    let input = Input::new(Box::new(std::io::Cursor::new(bytes.to_vec()))).unwrap();
    Source { name: "file.csv".to_owned(), input, path: None }
}

pub fn read_all(texts: &[&[u8]], options: &Options) -> anyhow::Result<Document> {
    let empty = crate::document::sample::document(Vec::new());
    let sources = texts.iter().map(|text| source(text)).collect();
    document(sources, options, Document { runs: Vec::new(), ..empty })
}

pub fn read(bytes: &[u8], options: &Options) -> anyhow::Result<Document> {
    read_all(&[bytes], options)
}

pub fn burst(text: &str, options: &Options) -> Burst {
    read(text.as_bytes(), options).unwrap().bursts().next().unwrap().clone()
}
