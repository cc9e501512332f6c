//! The files in `deploy/`: custom resources are checked against the published types, and Dockerfiles against this project's rules.
//! `.ci/run` checks the resources of Kubernetes itself with kubernetes-validate. The pages are part of the book: `tests/book.rs`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The allowed values of a field.
#[derive(Clone, Copy)]
enum Field {
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A whole number in a range.
    Whole(i64, i64),
    Flag,
    /// A number, or a text such as `500m`.
    Quantity,
    /// A map with any keys.
    Map(&'static Self),
    /// A list.
    Each(&'static Self),
    /// An object with these fields only.
    Fields(&'static [Known]),
}

/// A field's name, whether it is required, and its allowed values.
type Known = (&'static str, bool, Field);

use Field::{Each, Fields, Flag, Map, OneOf, Quantity, Text, Whole};

const I32: Field = Whole(0, i32::MAX as i64);
/// A number of at least 1.
const COUNT: Field = Whole(1, i32::MAX as i64);
const METADATA: Field = Fields(&[
    ("name", true, Text),
    ("namespace", false, Text),
    ("labels", false, Map(&Text)),
    ("annotations", false, Map(&Text)),
]);
const RESOURCES: Field = Fields(&[("limits", false, Map(&Quantity)), ("requests", false, Map(&Quantity))]);

/// SpinKube's spin-operator 0.4.0 (January 2025), `api/v1alpha1/spinapp_types.go`, without volumes and runtime configuration, which are not
/// used here.
const SPIN_APP: Field = Fields(&[
    ("executor", true, Text),
    ("image", true, Text),
    ("imagePullSecrets", false, Each(&Fields(&[("name", false, Text)]))),
    ("checks", false, Fields(&[("readiness", false, SPIN_PROBE), ("liveness", false, SPIN_PROBE)])),
    ("replicas", false, I32),
    ("enableAutoscaling", false, Flag),
    ("serviceAnnotations", false, Map(&Text)),
    ("deploymentAnnotations", false, Map(&Text)),
    ("podAnnotations", false, Map(&Text)),
    ("podLabels", false, Map(&Text)),
    ("resources", false, RESOURCES),
    ("components", false, Each(&Text)),
    ("variables", false, Each(&VARIABLE)),
]);
const SPIN_PROBE: Field = Fields(&[
    ("httpGet", false, Fields(&[("path", true, Text), ("httpHeaders", false, Each(&VARIABLE))])),
    ("initialDelaySeconds", false, I32),
    ("timeoutSeconds", false, COUNT),
    ("periodSeconds", false, COUNT),
    ("successThreshold", false, COUNT),
    ("failureThreshold", false, COUNT),
]);

/// k6-operator of August 2026, `api/v1alpha1/testrun_types.go`; only the used fields of pods.
const TEST_RUN: Field = Fields(&[
    (
        "script",
        true,
        Fields(&[
            ("configMap", false, Fields(&[("name", true, Text), ("file", false, Text)])),
            (
                "volumeClaim",
                false,
                Fields(&[("name", true, Text), ("file", false, Text), ("readOnly", false, Flag)]),
            ),
            ("localFile", false, Text),
        ]),
    ),
    ("parallelism", true, Whole(1, i32::MAX as i64)),
    ("separate", false, Flag),
    ("arguments", false, Text),
    ("args", false, Each(&Text)),
    ("quiet", false, Text),
    ("paused", false, Text),
    ("cleanup", false, OneOf(&["post"])),
    ("initializer", false, K6_POD),
    ("starter", false, K6_POD),
    ("runner", false, K6_POD),
]);
const K6_POD: Field = Fields(&[
    ("image", false, Text),
    ("env", false, Each(&VARIABLE)),
    ("resources", false, RESOURCES),
    ("securityContext", false, Fields(&[("fsGroup", false, I32), ("runAsUser", false, I32)])),
    ("serviceAccountName", false, Text),
    ("nodeSelector", false, Map(&Text)),
    ("volumes", false, Each(&VOLUME)),
    ("volumeMounts", false, Each(&MOUNT)),
]);

/// Kubernetes 1.31, by its API reference; only the used fields of pods and services.
const VARIABLE: Field = Fields(&[
    ("name", true, Text),
    ("value", false, Text),
    (
        "valueFrom",
        false,
        Fields(&[("fieldRef", false, Fields(&[("fieldPath", true, Text), ("apiVersion", false, Text)]))]),
    ),
]);
const VOLUME: Field = Fields(&[
    ("name", true, Text),
    ("persistentVolumeClaim", false, Fields(&[("claimName", true, Text), ("readOnly", false, Flag)])),
]);
const MOUNT: Field = Fields(&[("name", true, Text), ("mountPath", true, Text), ("readOnly", false, Flag)]);
/// The API version, the kind, and the allowed `spec`.
const KINDS: [(&str, &str, Field); 2] =
    [("core.spinkube.dev/v1alpha1", "SpinApp", SPIN_APP), ("k6.io/v1alpha1", "TestRun", TEST_RUN)];

/// Whether kubernetes-validate has no schema for the document, because a project outside of Kubernetes defines its kind.
fn is_custom(document: &Value) -> bool {
    ["spinkube.dev", "k6.io"].iter().any(|domain| document["apiVersion"].to_string().contains(domain))
}

/// Returns the errors of a manifest with their positions.
fn errors(document: &Value) -> Vec<String> {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
    let known =
        KINDS.iter().find(|(version, kind, _)| *version == text("apiVersion") && *kind == text("kind"));
    let Some((_, kind, spec)) = known else {
        return vec![format!("{} {} is an unknown kind", text("apiVersion"), text("kind"))];
    };
    let mut errors = Vec::new();
    let fields = [
        ("apiVersion", true, Text),
        ("kind", true, Text),
        ("metadata", true, METADATA),
        ("spec", true, *spec),
    ];
    check_fields(document, &fields, kind, &mut errors);
    if *kind == "SpinApp" {
        errors.extend(replicas(&document["spec"]));
    }
    errors
}

/// Returns an error that SpinKube's webhook reports: either the autoscaler or the manifest sets the number of replicas.
fn replicas(spec: &Value) -> Option<String> {
    match (spec["enableAutoscaling"].as_bool().unwrap_or(false), spec["replicas"].as_i64().unwrap_or(0)) {
        (true, 0) | (false, 1..) => None,
        (autoscaled, count) => Some(format!("replicas is {count}, with enableAutoscaling {autoscaled}")),
    }
}

fn check(value: &Value, field: Field, place: &str, errors: &mut Vec<String>) {
    let is_right = match field {
        Text => value.is_string(),
        OneOf(allowed) => value.as_str().is_some_and(|text| allowed.contains(&text)),
        Whole(least, most) => value.as_i64().is_some_and(|number| (least..=most).contains(&number)),
        Flag => value.is_boolean(),
        Quantity => value.is_string() || value.is_u64(),
        Map(field) => value.as_object().is_some_and(|map| {
            map.iter().for_each(|(name, value)| check(value, *field, &format!("{place}.{name}"), errors));
            true
        }),
        Each(field) => value.as_array().is_some_and(|list| {
            list.iter()
                .enumerate()
                .for_each(|(i, value)| check(value, *field, &format!("{place}[{i}]"), errors));
            true
        }),
        Fields(fields) => {
            check_fields(value, fields, place, errors);
            true
        }
    };
    if !is_right {
        errors.push(format!("{place}: {value} is not allowed"));
    }
}

fn check_fields(value: &Value, fields: &[Known], place: &str, errors: &mut Vec<String>) {
    let Some(map) = value.as_object() else {
        return errors.push(format!("{place}: expected an object, not {value}"));
    };
    for (name, value) in map {
        match fields.iter().find(|(known, ..)| known == name) {
            Some((_, _, field)) => check(value, *field, &format!("{place}.{name}"), errors),
            None => errors.push(format!("{place}.{name} is not known")),
        }
    }
    for (name, _, _) in fields.iter().filter(|(name, must, _)| *must && !map.contains_key(*name)) {
        errors.push(format!("{place}.{name} is missing"));
    }
}

/// Returns all files below `deploy/` with this ending.
fn files(ending: &str) -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => below(&entry.path(), found),
                false => found.push(entry.path()),
            }
        }
    }
    let mut found = Vec::new();
    below(&common::project().join("deploy"), &mut found);
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    found.sort();
    assert!(!found.is_empty(), "{ending}");
    found
}

fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize;
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    documents.map(|document| Value::deserialize(document).expect("YAML")).collect()
}

#[test]
fn custom_resources_match_their_types() {
    let mut count = 0;
    for file in files(".yaml") {
        for document in documents(&fs::read_to_string(&file).unwrap()).iter().filter(|it| is_custom(it)) {
            assert_eq!(errors(document), [""; 0], "{}", file.display());
            count += 1;
        }
    }
    assert_eq!(count, 3);
}

fn is_pinned(image: &str) -> bool {
    image.contains(':') && !image.contains("latest")
}

#[test]
fn manifests_name_versions_of_images() {
    for file in files(".yaml") {
        let text = fs::read_to_string(&file).unwrap();
        for image in
            text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("image: "))
        {
            assert!(is_pinned(image), "{}: {image}", file.display());
        }
    }
}

#[test]
fn deviations_from_a_type_are_found() {
    let text = fs::read_to_string(common::project().join("deploy/spinkube/spinapp.yaml")).unwrap();
    for (good, bad, expected) in [
        ("readiness:", "startup:", "SpinApp.spec.checks.startup is not known"),
        ("  executor:", "  exekutor:", "SpinApp.spec.executor is missing"),
        ("periodSeconds: 2", "periodSeconds: 0", "0 is not allowed"),
        ("replicas: 1", "replicas: one", "\"one\" is not allowed"),
        ("replicas: 1", "replicas: 0", "replicas is 0"),
        ("kind: SpinApp", "kind: SpinApps", "core.spinkube.dev/v1alpha1 SpinApps is an unknown kind"),
    ] {
        let document = documents(&text.replace(good, bad)).remove(0);
        assert!(
            errors(&document).iter().any(|error| error.contains(expected)),
            "{expected}: {:?}",
            errors(&document)
        );
    }
}

#[test]
fn the_arguments_in_the_manifests_exist() {
    let arguments = |file: &str, at: usize| -> Vec<String> {
        let text = fs::read_to_string(common::project().join("deploy/kubernetes").join(file)).unwrap();
        let document = documents(&text).remove(at);
        serde_json::from_value(document["spec"]["template"]["spec"]["containers"][0]["args"].clone()).unwrap()
    };
    let command = |first: &[&str], args: Vec<String>| {
        let args: Vec<&str> =
            first.iter().copied().chain(args.iter().map(String::as_str)).chain(["--help"]).collect();
        common::output(&args)
    };
    // `--help` comes last, so that all arguments before it are parsed.
    for output in
        [command(&[], arguments("generator.yaml", 0)), command(&["serve"], arguments("host.yaml", 0))]
    {
        assert!(output.status.success(), "{}", common::stderr(&output));
    }
    let unknown = command(&["serve"], vec!["--enviroment".to_owned()]);
    assert!(!unknown.status.success(), "unknown arguments are errors, before help is printed");
}

#[test]
fn images_are_pinned_and_run_as_nobody() {
    for file in files(".Dockerfile") {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let of =
            |word: &str| lines.iter().filter_map(move |line| line.strip_prefix(word)).collect::<Vec<_>>();
        for image in of("FROM ") {
            assert!(is_pinned(image), "{}: {image}", file.display());
        }
        assert_eq!(of("RUN "), ["deploy/container/build.sh /image"], "the same script as CI");
        assert_eq!(of("USER "), ["65532:65532"]);
        // The generator has no server, so that it has no port and no health check.
        assert_eq!(of("HEALTHCHECK ") == ["NONE"], of("EXPOSE ").is_empty(), "{}", file.display());
        assert_eq!(of("HEALTHCHECK ").len(), 1);
        let version = format!("rust:{}", env!("CARGO_PKG_RUST_VERSION").trim_end_matches(".0"));
        assert!(of("FROM ")[0].starts_with(&version), "{}: {version}", file.display());
    }
    let build = fs::read_to_string(common::project().join("deploy/container/build.sh")).unwrap();
    assert_eq!(build.matches("--locked").count(), 2, "both lock files are used");
}
