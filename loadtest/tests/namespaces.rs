//! Two generators in separate network namespaces fire at one host. Their merged result has the verdict of one generator
//! with as many requests. Needs root, unshare (util-linux) and ip (iproute2), and is therefore run with the peers.

mod common;

use std::path::Path;
use std::process::Command;

use judge::verdict::Kind;

/// Creates namespaces that end with the script: one for the host, and one for each of two generators, with a link to the
/// host. The arguments are the program, the folder for the results, and the number of requests of each generator.
const SCRIPT: &str = r#"
set -euo pipefail
program=$1 folder=$2 each=$3
mount -t tmpfs none /run
ip link set lo up
for i in 1 2; do
  ip netns add "g$i"
  ip link add "link$i" type veth peer name eth0 netns "g$i"
  ip addr add "10.77.$i.1/24" dev "link$i"
  ip link set "link$i" up
  ip -n "g$i" addr add "10.77.$i.2/24" dev eth0
  ip -n "g$i" link set eth0 up
done
"$program" serve spin.toml --no-build --quiet --listen 0.0.0.0:3000 --max-instances 8 --env HOST_NAME=host > "$folder/serve.log" &
host=$!
trap 'kill "$host"; wait "$host" || true' EXIT
until grep -q Serving "$folder/serve.log"; do kill -0 "$host"; sleep 0.1; done

# generator NUMBER NAME REQUESTS FLAGS...
generator() {
  local i=$1 name=$2 n=$3
  shift 3
  # 4: on a busy machine the verdict may be untrusted. The test checks the result itself.
  ip netns exec "g$i" "$program" burst -n "$n" -c "$n" --service-ms 502 --out "$folder/$name" "$@" \
    "http://10.77.$i.1:3000/e2/p1?wait_ms=500" > /dev/null || [ $? -eq 4 ]
}
start=$(($(date +%s) + 4))
generator 1 a "$each" --start-at "$start" & first=$!
generator 2 b "$each" --start-at "$start"
wait "$first"
generator 1 one "$((2 * each))"
"#;

#[test]
fn two_generators_merged_have_the_verdict_of_one() {
    common::build();
    let folder = tempfile::tempdir().unwrap();
    let program = assert_cmd::cargo::cargo_bin!("loadtest");
    let script = Command::new("unshare")
        .args(["--net", "--mount", "bash", "-c", SCRIPT, "script"])
        .args([program, folder.path(), Path::new("10")])
        .current_dir(common::project())
        .output()
        .expect("unshare starts");
    assert!(script.status.success(), "{}", common::stderr(&script));
    let file = |name: &str| folder.path().join(name).join("result.json").to_str().expect("text").to_owned();
    let merged = folder.path().join("merged");
    let output = common::output(&["merge", &file("a"), &file("b"), "--out", merged.to_str().expect("text")]);
    let [merged, one] = [merged, folder.path().join("one")].map(|folder| common::result(&folder));
    let [merged, one] = [&merged, &one].map(|document| &document.runs[0].bursts[0]);
    assert_eq!((merged.n, merged.ok, merged.hosts), (20, 20, 1), "{}", common::stderr(&output));
    assert_eq!((one.verdict.kind, one.verdict.at_a_time), (Kind::Limited, Some(8.0)), "{:?}", one.verdict);
    assert_eq!(
        (merged.verdict.kind, merged.verdict.at_a_time, merged.verdict.shape),
        (one.verdict.kind, one.verdict.at_a_time, one.verdict.shape),
        "{:?}",
        merged.verdict
    );
    assert!(
        merged.start_skew_us < 50_000.0,
        "the start skew includes the generators' skew: {}",
        merged.start_skew_us
    );
    assert!(
        merged.requests.iter().all(|request| request.server_entered_us.is_some()),
        "the host's clock may differ from the generators'"
    );
}
