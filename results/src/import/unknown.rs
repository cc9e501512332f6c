//! Files whose format is not imported: which tool wrote them, and which option of the tool gives what is needed.

use anyhow::anyhow;

use super::head::Head;

/// The supported formats, for error messages.
const SUPPORTED: &str = "supported are, with single requests: hey's CSV (-o csv), oha's CSV (--output-format csv) and SQLite \
    (--db-url), k6's JSON and CSV (--out), vegeta's JSON and CSV (vegeta encode), JMeter's CSV (.jtl) and a result.json of \
    loadtest; summaries: the text of hey, oha, wrk, ab, bombardier, autocannon, vegeta and k6, the JSON of oha, k6, bombardier, \
    autocannon, vegeta and Artillery, and locust's CSV; all of them gzipped or not";

/// A file that can't be judged.
struct Known {
    /// Whether a file with this head is one.
    detect: fn(&Head) -> bool,
    /// What it is, and what to give instead.
    instead: &'static str,
}

/// What is recognised without being imported. The first that fits is told.
static KNOWN: &[Known] = &[
    Known {
        detect: |head| head.has_line("system,manifest,setup,"),
        instead: "this is requests.csv of loadtest, which lacks the schedules of the bursts; give the result.json beside it",
    },
    Known {
        detect: |head| head.is_sqlite,
        instead: "this is an SQLite database, which this build doesn't read; give oha's CSV (--output-format csv)",
    },
    Known {
        detect: |head| head.mentions(&["Timestamp", "Latency", "BytesOut", "Attack"]),
        instead: "this is vegeta's own binary form; give what `vegeta encode` writes",
    },
    Known {
        detect: |head| head.has_line("starttime\tseconds\tctime"),
        instead: "this is ab's -g file, whose starts are whole seconds and sorted by duration; give ab's own output, or use a tool \
            that writes single requests, such as hey (-o csv)",
    },
    Known {
        detect: |head| head.has_line("Percentage served,Time in ms"),
        instead: "this is ab's -e file, which has no number of requests; give ab's own output",
    },
    Known {
        detect: |head| head.has_line("<?xml") && head.mentions(&["<testResults"]),
        instead: "this is JMeter's XML; run JMeter with -Jjmeter.save.saveservice.output_format=csv -l FILE.jtl",
    },
    Known {
        detect: |head| head.has_line("summary =") || head.has_line("summary +"),
        instead: "this is JMeter's progress, which has no distribution; run JMeter with -l FILE.jtl, and give this file",
    },
    Known {
        detect: |head| head.has_line("Timestamp,User Count,Type,Name"),
        instead: "this is locust's history; give PREFIX_stats.csv of `locust --csv PREFIX`",
    },
    Known {
        detect: |head| {
            head.has_line("Method,Name,Error,Occurrences") || head.has_line("Count,Message,Traceback")
        },
        instead: "this is locust's list of errors; give PREFIX_stats.csv of `locust --csv PREFIX`",
    },
    Known {
        detect: |head| head.mentions(&["# reqs", "# fails", "req/s"]),
        instead: "this is locust's table for people; give PREFIX_stats.csv of `locust --csv PREFIX`",
    },
    Known {
        detect: |head| head.mentions(&["http.response_time:", "vusers."]),
        instead: "this is Artillery's report for people; run `artillery run --output FILE.json`, and give this file",
    },
    Known {
        detect: |head| head.has_line("RUN\t") && head.mentions(&["REQUEST\t"]) || head.mentions(&["gatling"]),
        instead: "this is Gatling's log, which is for its own reports; use a tool that writes single requests, such as hey \
            (-o csv) or k6 (--out json=FILE)",
    },
    Known {
        detect: |head| head.mentions(&["finished in", "req/s", "time for request:"]),
        instead: "this is h2load's summary, which has no distribution; use a tool that writes single requests, such as \
            oha --http2 --output-format csv",
    },
    Known {
        detect: |head| head.mentions(&["Transactions:", "Availability:", "Elapsed time:"]),
        instead: "this is siege's summary, whose times are sums; use a tool that writes single requests, such as hey (-o csv)",
    },
    Known {
        detect: |head| head.mentions(&["DurationHistogram", "RequestedQPS"]),
        instead: "this is fortio's JSON; use a tool that writes single requests, such as hey (-o csv) or k6 (--out json=FILE)",
    },
];

/// Returns the error for a file of an unknown format.
pub fn unknown(head: &Head) -> anyhow::Error {
    if head.line.is_empty() {
        return anyhow!("the file is empty; {SUPPORTED}");
    }
    match KNOWN.iter().find(|known| (known.detect)(head)) {
        Some(Known { instead, .. }) => anyhow!("{instead}"),
        None => anyhow!("its format isn't known; {SUPPORTED}"),
    }
}
