mod noticed;
pub mod samples;
mod summaries;

use std::fmt::Write as _;
use std::io::Write as _;

use judge::verdict::{Confidence, Kind, Shape};
use proptest::prelude::*;

use super::*;
use crate::document::{self, Burst};
use samples::{
    START_NS, WRITERS, burst, hey_csv, k6_csv, oha_csv, options, read, read_all, served, source, vegeta_csv,
    vegeta_json,
};

#[test]
fn every_format_has_the_same_verdict() {
    for (write, format) in WRITERS {
        let kind = |at_a_time| burst(&write(&served(at_a_time)), &options()).verdict;
        assert_eq!(kind(10).kind, Kind::Parallel, "{:?}", format.id());
        assert_eq!(kind(1).kind, Kind::Sequential, "{:?}", format.id());
        // A summary shows no waves.
        if !format.is_summary {
            let limited = kind(4);
            assert_eq!((limited.kind, limited.at_a_time), (Kind::Limited, Some(4.0)), "{:?}", format.id());
        }
        let found = format_of(&mut source(write(&served(1)).as_bytes()).input).unwrap();
        assert_eq!(found.id(), format.id());
    }
}

#[test]
fn simultaneous_answers_are_not_judged_without_a_service_time() {
    let unknown = Options { service_ms: vec![], ..options() };
    for (write, format) in WRITERS {
        let together = burst(&write(&served(10)), &unknown).verdict;
        assert_eq!(together.kind, Kind::Inconclusive, "{:?}", format.id());
        assert!(together.why.contains("--service-ms"), "{}", together.why);
        let staircase = burst(&write(&served(1)), &unknown);
        assert_eq!(staircase.verdict.kind, Kind::Sequential, "{:?}", format.id());
        assert!(staircase.verdict.confidence <= Confidence::Medium, "{:?}", format.id());
    }
    let waves = burst(&vegeta_csv(&served(4)), &unknown).verdict;
    assert_eq!(
        (waves.kind, waves.shape, waves.confidence),
        (Kind::Limited, Some(Shape::Waves), Confidence::Medium)
    );
}

#[test]
fn a_format_without_failures_needs_the_number_of_requests_for_high_confidence() {
    let text = hey_csv(&served(1));
    assert_eq!(burst(&text, &options()).verdict.confidence, Confidence::Medium);
    let all = burst(&text, &Options { n: Some(10), ..options() });
    assert_eq!((all.verdict.kind, all.verdict.confidence), (Kind::Sequential, Confidence::High));
    let some = burst(&text, &Options { n: Some(12), ..options() });
    assert_eq!(some.verdict.kind, Kind::Inconclusive);
    assert!(some.verdict.why.contains("only 10 of 12 requests are in the trace"), "{}", some.verdict.why);
}

#[test]
fn whole_seconds_are_reported_as_too_coarse() {
    let document = read(k6_csv(&served(10), 1_000_000_000).as_bytes(), &options()).unwrap();
    let burst = document.bursts().next().unwrap();
    assert_eq!(burst.verdict.kind, Kind::Inconclusive);
    assert!(burst.verdict.why.contains("steps of 1.00 s"), "{}", burst.verdict.why);
    assert!(document.source.unwrap().lacks.concat().contains("K6_CSV_TIME_FORMAT"));
}

#[test]
fn gzipped_files_and_several_files_are_read() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(vegeta_json(&served(4)).as_bytes()).unwrap();
    let packed = read(&packed.finish().unwrap(), &options()).unwrap();
    assert_eq!(packed.bursts().next().unwrap().verdict.at_a_time, Some(4.0));

    let (even, odd): (Vec<_>, Vec<_>) = served(4).into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let part = |requests: Vec<(usize, (f64, f64))>| {
        vegeta_csv(&requests.into_iter().map(|(_, request)| request).collect::<Vec<_>>())
    };
    let joined = read_all(&[part(even).as_bytes(), part(odd).as_bytes()], &options()).unwrap();
    assert_eq!(joined.bursts().next().unwrap().verdict.at_a_time, Some(4.0));
}

#[test]
fn connecting_is_not_part_of_the_latency() {
    let burst = burst(&oha_csv(&served(10)), &options());
    let first = &burst.requests[0];
    assert_eq!((first.connect_us, first.connects), (Some(262.992), true).map_us());
    assert_eq!(first.sent_us, Some(263.0));
    assert_eq!((burst.c, burst.ok), (10, 10));
}

trait MapUs {
    fn map_us(self) -> Self;
}

impl MapUs for (Option<f64>, bool) {
    /// As results round them.
    fn map_us(self) -> Self {
        (self.0.map(|us| judge::units::rounded(us, 1)), self.1)
    }
}

#[test]
fn a_closed_loop_is_distinguished_from_an_open_loop() {
    // Two connections, five requests each, one after the other.
    let closed: Vec<(f64, f64)> = (0..10).map(|i| ((i / 2) as f64 * 1.0002, 1.0)).collect();
    let burst = burst(&vegeta_csv(&closed), &options());
    assert_eq!(
        (burst.c, burst.requests.iter().filter(|request| request.planned_us.is_some()).count()),
        (2, 2)
    );
    // One request every 300 ms, independent of the answers.
    let open: Vec<(f64, f64)> = (0..10).map(|i| (f64::from(i) * 0.3, 1.0)).collect();
    let burst = self::burst(&vegeta_csv(&open), &options());
    assert!(burst.requests.iter().all(|request| request.planned_us == request.sent_us));
    assert_eq!(burst.verdict.kind, Kind::Parallel, "{}", burst.verdict.why);
}

#[test]
fn replies_are_evidence() {
    let reply = |i: usize| {
        let ns = |s: f64| START_NS + (s * 1e9) as i64;
        let (entered, left) = (ns(i as f64 * 1e-4), ns((i / 4 + 1) as f64));
        format!(
            r#"{{"endpoint":"e1-p1","style":"sync","wait_ms":1,"instance":"{i:x}","served":1,"in_flight":1,"entered_unix_ns":{entered},"left_unix_ns":{left},"host":"h{}"}}"#,
            i % 2
        )
    };
    use base64::Engine;
    let mut text = String::new();
    for (i, line) in vegeta_csv(&served(4)).lines().enumerate() {
        let body = base64::prelude::BASE64_STANDARD.encode(reply(i));
        let _ = writeln!(text, "{}", line.replace("e30=", &body));
    }
    let burst = burst(&text, &options());
    assert_eq!((burst.instances, burst.hosts), (10, 2));
    assert_eq!(burst.requests[3].entered_us, Some(300.0), "a loopback's clock is shared");
    assert!(burst.verdict.why.contains("spread over 2 hosts, up to 5 on one"), "{}", burst.verdict.why);
}

#[test]
fn at_most_max_rows_requests_are_kept() {
    let requests: Vec<(f64, f64)> = (0..1_000).map(|i| (f64::from(i) * 1e-4, 1.0)).collect();
    let burst = burst(&vegeta_csv(&requests), &Options { max_rows: 100, ..options() });
    assert_eq!((burst.requests.len(), burst.counted_only, burst.n, burst.ok), (100, 900, 1_000, 1_000));
    let all = Options { max_rows: 100, n: Some(1_000), ..options() };
    let known = self::burst(&vegeta_csv(&requests), &all);
    assert_eq!((known.n, known.verdict.kind), (1_000, burst.verdict.kind), "no request is missing");
}

#[test]
fn rejected_rows_are_counted_and_the_first_is_reported() {
    let mut text = "\u{feff}".to_owned() + &hey_csv(&served(1));
    text.push_str("1.0,x,0,0,0,0,200,0\n1.0\n");
    text.push_str(&"9".repeat(5 * 1024 * 1024));
    let document = read(text.as_bytes(), &options()).unwrap();
    let source = document.source.unwrap();
    assert_eq!(source.broken_rows, 3);
    let lacks = source.lacks.concat();
    assert!(
        lacks.contains("3 rows could not be read, the first: ")
            && lacks.contains("line 12: DNS+dialup is \"x\""),
        "{lacks}"
    );
}

#[test]
fn an_unknown_format_gets_an_error_with_the_supported_formats() {
    let error = |bytes: &[u8]| format!("{:#}", read(bytes, &options()).unwrap_err());
    for (text, expected) in [
        ("", "the file is empty"),
        ("hello", "its format isn't known"),
        ("{\"a\": 1}", "its format isn't known"),
        ("{\"metrics\":{},\"summary\":{}}", "its format isn't known"),
        ("starttime\tseconds\tctime\tdtime\tttime\twait\n", "ab's -g file"),
        ("<?xml version=\"1.0\"?>\n<testResults version=\"1.2\">", "save.saveservice.output_format=csv"),
        ("Timestamp,User Count,Type,Name,Requests/s\n", "PREFIX_stats.csv"),
        ("Type     Name  # reqs      # fails |    Avg  req/s\n", "--csv PREFIX"),
        ("http.response_time:\n  min: ... 1\nvusers.created: ... 3\n", "--output FILE.json"),
        ("Transactions:   10 hits\nAvailability: 100 %\nElapsed time: 1 secs\n", "siege"),
        ("finished in 1.00s, 10 req/s\ntime for request: 1ms\n", "h2load"),
        ("system,manifest,setup,round\n", "result.json beside it"),
        (
            "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n",
            "the file has no requests",
        ),
        ("SQLite format 3\0 and no more", "SQLite"),
        ("\u{1f}\u{8b}", "its format isn't known"),
    ] {
        let error = error(text.as_bytes());
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(error(&[0x1f, 0x8b, 8, 0, 0]).contains("file.csv"), "the name of the file");
    let (hey, oha) = (hey_csv(&served(1)), oha_csv(&served(1)));
    let error = |texts: [&String; 2]| {
        read_all(&texts.map(|text| text.as_bytes()), &options()).unwrap_err().to_string()
    };
    assert!(error([&hey, &oha]).contains("different formats"));
    assert!(error([&hey, &hey]).contains("its own start"));
}

#[test]
fn an_imported_document_is_not_judged_again() {
    let document = read(hey_csv(&served(1)).as_bytes(), &options()).unwrap();
    let error = read(
        serde_json::to_string(&document).unwrap().as_bytes(),
        &Options { service_ms: vec![], ..options() },
    );
    assert!(format!("{:#}", error.unwrap_err()).contains("hey measured this"));
}

#[test]
fn a_result_json_gets_the_same_verdict_again() {
    for burst in [crate::document::sample::waves(), crate::document::sample::together()] {
        let judged = judge::verdict::judge(&trace(&burst, Default::default())).rounded();
        let refused = if judged.kind == judge::verdict::Kind::Refused { burst.failed } else { 0 };
        let judged_burst = Burst { verdict: judged.clone(), refused, ..burst };
        let document = crate::document::sample::document(vec![judged_burst]);
        let text = serde_json::to_string(&document).unwrap();
        let again = read(text.as_bytes(), &Options { service_ms: vec![], ..options() }).unwrap();
        assert_eq!(again.bursts().next().unwrap().verdict, judged);
        assert_eq!(again.runs, document.runs);
    }
}

#[test]
fn several_given_service_times_are_the_baseline() {
    let given = |service_ms: &[f64]| Options { service_ms: service_ms.to_vec(), ..options() };
    let several = burst(&vegeta_csv(&served(4)), &given(&[1_010.0, 990.0, 1_000.0]));
    let baseline = several.baseline.unwrap();
    assert_eq!((several.service_ms, baseline.before_ms), (1_000.0, vec![1_010.0, 990.0, 1_000.0]));
    assert_eq!(burst(&vegeta_csv(&served(4)), &given(&[1_000.0])).baseline, None);

    let solos = judge::trace::Baseline {
        warm_up_ms: Some(1_500.0),
        after_ms: Some(1_020.0),
        ..judge::trace::Baseline::new(vec![1_000.0, 1_003.0])
    };
    let measured = Burst { baseline: document::Baseline::of(&solos), ..document::sample::together() };
    assert_eq!(trace(&measured, Default::default()).baseline, solos);
    let text = serde_json::to_string(&document::sample::document(vec![measured.clone()])).unwrap();
    let again = |service_ms: &[f64]| {
        let document = read(text.as_bytes(), &given(service_ms)).unwrap();
        document.bursts().next().unwrap().clone()
    };
    assert_eq!(again(&[]).baseline, measured.baseline, "a baseline in the file is kept");
    assert_eq!((again(&[900.0]).service_ms, again(&[900.0]).baseline), (900.0, None));
    let other = again(&[900.0, 800.0, 1_000.0]);
    assert_eq!((other.service_ms, other.baseline.unwrap().before_ms.len()), (900.0, 3));
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(
        format in 0_usize..WRITERS.len(), at_a_time in 1_usize..10, at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..12), cut in any::<bool>(),
    ) {
        let mut text = WRITERS[format].0(&served(at_a_time)).into_bytes();
        let at = at.index(text.len());
        text.splice(at..(at + bytes.len()).min(text.len()), bytes);
        if cut {
            text.truncate(at);
        }
        let _ = read(&text, &options());
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), format in 0_usize..WRITERS.len()) {
        let header = WRITERS[format].0(&[]);
        let _ = read(&bytes, &options());
        let _ = read(&[header.as_bytes(), &bytes].concat(), &options());
    }

    #[test]
    fn any_numbers_never_panic(numbers in prop::collection::vec(any::<f64>(), 8), whole in any::<[i64; 3]>()) {
        let numbers: Vec<String> = numbers.iter().map(f64::to_string).collect();
        let line = numbers.join(",").replace(".0,", ",");
        for header in [hey::HEADER, oha::HEADER, k6::HEADER] {
            let _ = read(format!("{header}\n{line}\n{line}\n").as_bytes(), &options());
        }
        let [began, took, status] = whole;
        let _ = read(format!("{began},{status},{took},0,0,,,,0,GET,u,\n{},200,{took},0,0,,,,0,GET,u,\n", began / 2).as_bytes(), &options());
    }
}
