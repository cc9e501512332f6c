//! Files that are not as their tool wrote them, or hold more than one run.

use judge::verdict::Kind;

use super::samples::{
    burst, hey_csv, jmeter_csv, k6_csv, k6_json, oha_csv, options, read, read_all, served, vegeta_csv,
    vegeta_json,
};
use crate::document::Document;
use crate::import::Options;

fn kinds(document: &Document) -> Vec<(&str, Kind)> {
    document.runs.iter().map(|run| (run.setup.as_str(), run.bursts[0].verdict.kind)).collect()
}

fn lacks(document: &Document) -> String {
    document.source.as_ref().unwrap().lacks.concat()
}

/// Requests that are sent a minute later.
fn later(requests: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    requests.into_iter().map(|(began, took)| (began + 60.0, took)).collect()
}

#[test]
fn appended_runs_are_judged_one_by_one() {
    type Write = fn(&[(f64, f64)]) -> String;
    let writers: [Write; 6] =
        [hey_csv, oha_csv, k6_json, |requests| k6_csv(requests, 1), vegeta_json, vegeta_csv];
    for (at, write) in writers.iter().enumerate() {
        // hey and oha count from their own start.
        let second = if at < 2 { served(1) } else { later(served(1)) };
        let document = read((write(&served(10)) + &write(&second)).as_bytes(), &options()).unwrap();
        assert_eq!(kinds(&document), [("run 1", Kind::Parallel), ("run 2", Kind::Sequential)], "{at}");
        assert!(lacks(&document).contains("The file has 2 runs"), "{}", lacks(&document));
        let same = Options { n: Some(10), ..options() };
        let document = read((write(&served(10)) + &write(&second)).as_bytes(), &same).unwrap();
        assert_eq!(
            document.bursts().map(|burst| burst.n).collect::<Vec<_>>(),
            [10, 10],
            "-n is that of each run"
        );
    }
}

#[test]
fn runs_that_overlap_in_time_are_one_measurement() {
    let (even, odd): (Vec<_>, Vec<_>) = served(4).into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let requests =
        |part: Vec<(usize, (f64, f64))>| part.into_iter().map(|(_, request)| request).collect::<Vec<_>>();
    let text = vegeta_csv(&requests(even)) + &vegeta_csv(&requests(odd));
    let document = read(text.as_bytes(), &options()).unwrap();
    let only = document.bursts().next().unwrap();
    assert_eq!((document.bursts().count(), only.n, only.verdict.at_a_time), (1, 10, Some(4.0)));
    assert!(!lacks(&document).contains("runs"), "{}", lacks(&document));
}

#[test]
fn more_rows_than_were_sent_are_an_error() {
    let error = |n| read(hey_csv(&served(1)).as_bytes(), &Options { n: Some(n), ..options() });
    let text = format!("{:#}", error(9).unwrap_err());
    assert!(text.contains("has 10 requests, but -n says that 9 were sent"), "{text}");
    assert!(error(10).is_ok());
}

#[test]
fn a_file_of_powershell_is_utf_16() {
    let text = hey_csv(&served(1)).replace('\n', "\r\n");
    let units = || text.encode_utf16();
    let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(units().flat_map(u16::to_le_bytes)).collect();
    let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(units().flat_map(u16::to_be_bytes)).collect();
    for bytes in [little, big] {
        let document = read(&bytes, &options()).unwrap();
        assert_eq!(kinds(&document), [("burst", Kind::Sequential)]);
        assert_eq!(document.source.as_ref().unwrap().broken_rows, 0);
        assert!(
            lacks(&document).contains("file.csv is UTF-16, as PowerShell's `>` writes it"),
            "{}",
            lacks(&document)
        );
    }
}

/// The objects of the lines, as `jq .` prints them.
fn pretty(lines: &str) -> String {
    let object = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    };
    lines.lines().map(object).collect()
}

#[test]
fn json_over_several_lines_and_arrays_are_read() {
    for text in [k6_json(&served(4)), vegeta_json(&served(4))] {
        let array = format!("[\n{}\n]\n", text.trim_end().replace('\n', ",\n"));
        for text in [pretty(&text), array, format!("[me@box ~]$ jq . points.json\n{}", pretty(&text))] {
            let burst = burst(&text, &options());
            assert_eq!((burst.n, burst.verdict.at_a_time), (10, Some(4.0)), "{text}");
        }
        // A text that isn't JSON ends such a file.
        let broken = pretty(&text) + "{\n  \"a\" 1\n}\n";
        let document = read(broken.as_bytes(), &options()).unwrap();
        assert_eq!(document.source.as_ref().unwrap().broken_rows, 1);
        let line = pretty(&text).lines().count() + 2;
        let place = format!("line {line}, column 7: expected `:`; the rest is not read");
        assert!(lacks(&document).contains(&place), "{}", lacks(&document));
    }
}

#[test]
fn a_wrong_line_of_json_has_its_line_and_column() {
    let text = vegeta_json(&served(4)) + "{\"timestamp\": 7, \"latency\": 1}\n{\"latency\": \n";
    let document = read(text.as_bytes(), &options()).unwrap();
    assert_eq!(document.source.as_ref().unwrap().broken_rows, 2);
    assert!(lacks(&document).contains("line 11: column 1"), "{}", lacks(&document));
    // A damaged first line doesn't make the others one text.
    let damaged = "{\"latency\": ".to_owned() + &vegeta_json(&served(4));
    assert_eq!(burst(&damaged, &options()).n, 9);
}

#[test]
fn a_filtered_file_of_k6_is_noticed() {
    let only = |metric: &str| -> String {
        let json = k6_json(&served(4));
        json.lines()
            .filter(|line| line.contains(&format!("\"metric\":\"{metric}\"")))
            .map(|line| line.to_owned() + "\n")
            .collect()
    };
    let document = read(only("http_req_duration").as_bytes(), &options()).unwrap();
    let burst = document.bursts().next().unwrap();
    assert_eq!((burst.n, burst.verdict.at_a_time), (10, Some(4.0)));
    assert!(
        lacks(&document).contains("only http_req_duration, not http_reqs: it was filtered"),
        "{}",
        lacks(&document)
    );
    let error = read(only("http_req_waiting").as_bytes(), &options()).unwrap_err().to_string();
    assert!(
        error.contains("no requests") && error.contains("only http_req_waiting, not http_reqs"),
        "{error}"
    );
    assert!(error.contains("give the whole file"), "{error}");
}

#[test]
fn a_burst_without_a_good_answer_is_not_refused() {
    let refused = |status: u16| vegeta_csv(&served(10)).replace(",200,", &format!(",{status},"));
    for status in [503, 404, 302] {
        let burst = burst(&refused(status), &options());
        assert_eq!(
            (burst.ok, burst.verdict.kind),
            (0, Kind::Inconclusive),
            "{status}: {}",
            burst.verdict.why
        );
        assert_eq!(burst.verdict.reasons.len(), 1, "{:?}", burst.verdict.reasons);
    }
    let some = vegeta_csv(&served(10)).replacen(",200,", ",503,", 5);
    assert_eq!(burst(&some, &options()).verdict.kind, Kind::Refused);
}

#[test]
fn samples_of_jmeter_that_are_no_requests_are_left_out() {
    let text = jmeter_csv(&served(4))
        + "1795478400000,3005,all,200,\"Number of samples in transaction : 10, number of failing samples : 0\",T,,true,,1,1,1,1,null,3,0,0\n\
           1795478400000,4,slow,Non HTTP response code: java.net.ConnectException,Connection refused (Connection refused),T,text,false,\
           ,1,1,1,1,http://127.0.0.1:3000/e1/p1,0,0,0\n";
    let document = read(text.as_bytes(), &options()).unwrap();
    let burst = document.bursts().next().unwrap();
    assert_eq!((burst.url.as_str(), burst.n, burst.failed), ("http://127.0.0.1:3000/e1/p1", 11, 1));
    assert!(burst.errors.keys().next().unwrap().contains("ConnectException"), "{:?}", burst.errors);
    assert_eq!(document.source.unwrap().broken_rows, 0);
    let dated = jmeter_csv(&served(4)).replace("1795478400000,", "2026/11/24 00:00:00,");
    let error = read(dated.as_bytes(), &options()).unwrap_err().to_string();
    assert!(error.contains("jmeter.save.saveservice.timestamp_format=ms"), "{error}");
}

#[test]
fn several_files_of_runs_by_their_own_clock_are_refused() {
    let (one, other) = (hey_csv(&served(1)), hey_csv(&served(1)));
    let error = read_all(&[one.as_bytes(), other.as_bytes()], &options()).unwrap_err().to_string();
    assert!(error.contains("its own start"), "{error}");
}
