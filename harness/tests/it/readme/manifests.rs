//! What `docs/kubernetes/` asks a cluster for is what Kubernetes knows, is safe, and is what the page about several machines
//! speaks to. Held against an excerpt of the published schema, which lies in `harness/tests/it/kubernetes/`: no cluster and no
//! network is needed. The schema does not know whether labels select what they are to select; that is looked at here.

use std::collections::BTreeMap;

use jsonschema::Validator;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Value, json};

use crate::common::{root, source};

const SCHEMA: &str = include_str!("../kubernetes/schema.json");
const GUIDE: &str = "docs/several-machines.md";

/// What may be asked for, each with the definition that it is held against.
const KINDS: [(&str, &str, &str); 3] = [
    ("v1", "Service", "io.k8s.api.core.v1.Service"),
    ("apps/v1", "StatefulSet", "io.k8s.api.apps.v1.StatefulSet"),
    ("batch/v1", "Job", "io.k8s.api.batch.v1.Job"),
];

fn validators() -> BTreeMap<(String, String), Validator> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = |definition: &str| {
        let mut schema = schema.clone();
        schema["$ref"] = json!(format!("#/$defs/{definition}"));
        jsonschema::validator_for(&schema).unwrap()
    };
    KINDS
        .iter()
        .map(|(version, kind, definition)| ((version.to_string(), kind.to_string()), validator(definition)))
        .collect()
}

/// Every document of every manifest, with its file.
fn manifests() -> Vec<(String, Value)> {
    let mut files: Vec<_> =
        std::fs::read_dir(root().join("docs/kubernetes")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let documents = files.iter().flat_map(|file| {
        let yaml = std::fs::read_to_string(file).unwrap();
        let documents = Yaml::load_from_str(&yaml).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        documents.into_iter().map(|document| (file.display().to_string(), value(&document)))
    });
    documents.collect()
}

fn value(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Boolean(is)) => json!(is),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(fields) => Value::Object(
            fields.iter().map(|(name, field)| (name.as_str().unwrap().to_owned(), value(field))).collect(),
        ),
        other => panic!("{other:?} is in no manifest of ours"),
    }
}

/// What is wrong with a manifest; nothing where all is right.
fn faults(validators: &BTreeMap<(String, String), Validator>, manifest: &Value) -> Vec<String> {
    let of = |field: &str| manifest[field].as_str().unwrap_or_default().to_owned();
    let Some(validator) = validators.get(&(of("apiVersion"), of("kind"))) else {
        return vec![format!("no {} of {} is known", of("kind"), of("apiVersion"))];
    };
    validator.iter_errors(manifest).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn manifests_say_what_kubernetes_knows() {
    let (validators, manifests) = (validators(), manifests());
    let kinds: Vec<&Value> = manifests.iter().map(|(_, manifest)| &manifest["kind"]).collect();
    assert_eq!(kinds, ["Job", "Service", "StatefulSet"]);
    for (file, manifest) in &manifests {
        assert_eq!(faults(&validators, manifest), [""; 0], "{file}");
    }
}

/// Names that whoever writes the manifest chooses.
const FREE: [&str; 5] = ["labels", "matchLabels", "selector", "requests", "limits"];

/// Every copy of a value with the name of one field misspelt, and which.
fn misspelt(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(fields) => {
            let wrong_here = fields.iter().map(|(name, field)| {
                let mut wrong = fields.clone();
                wrong.remove(name);
                wrong.insert(format!("{name}s"), field.clone());
                (name.clone(), Value::Object(wrong))
            });
            let below = fields
                .iter()
                .filter(|(name, field)| !FREE.contains(&name.as_str()) || field.get("matchLabels").is_some());
            let wrong_below = below.flat_map(|(name, field)| {
                misspelt(field).into_iter().map(move |(wrong, field)| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), field);
                    (format!("{name}.{wrong}"), Value::Object(fields))
                })
            });
            wrong_here.chain(wrong_below).collect()
        }
        Value::Array(items) => {
            let wrong_item = items.iter().enumerate().flat_map(|(place, item)| {
                misspelt(item).into_iter().map(move |(wrong, item)| {
                    let mut items = items.clone();
                    items[place] = item;
                    (format!("{place}.{wrong}"), Value::Array(items))
                })
            });
            wrong_item.collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_field_that_is_misspelt_is_seen() {
    let validators = validators();
    let mut looked_at = 0;
    for (file, manifest) in manifests() {
        for (field, wrong) in misspelt(&manifest) {
            assert!(!faults(&validators, &wrong).is_empty(), "{file}: nobody sees that {field} is misspelt");
            looked_at += 1;
        }
    }
    assert!(looked_at > 80, "only {looked_at} fields were misspelt");
}

#[test]
fn pods_only_sleep_and_may_do_nothing_else() {
    for (file, manifest) in manifests().iter().filter(|(_, manifest)| manifest["kind"] != "Service") {
        let at = |path: &str| manifest.pointer(path).unwrap_or_else(|| panic!("{file} has no {path}"));
        let labels = at("/spec/template/metadata/labels");
        if let Some(selected) = manifest.pointer("/spec/selector/matchLabels") {
            assert_eq!(selected, labels, "{file}");
        }
        assert_eq!(at("/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels"), labels, "{file}");
        let pod = at("/spec/template/spec");
        assert_eq!(pod["automountServiceAccountToken"], false, "{file}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{file}");
        for container in pod["containers"].as_array().unwrap() {
            assert_eq!(container["command"][0], "sleep", "{file}");
            let resources = &container["resources"];
            assert!(resources["requests"]["cpu"].is_string() && resources["requests"]["memory"].is_string(), "{file}");
            assert_eq!(resources["requests"], resources["limits"], "{file}: not of the class Guaranteed");
            let may = &container["securityContext"];
            assert_eq!(
                (&may["readOnlyRootFilesystem"], &may["allowPrivilegeEscalation"]),
                (&json!(true), &json!(false))
            );
            assert_eq!(may["capabilities"]["drop"], json!(["ALL"]), "{file}");
            for mount in container["volumeMounts"].as_array().unwrap() {
                let is_there = pod["volumes"].as_array().unwrap().iter().any(|volume| volume["name"] == mount["name"]);
                assert!(is_there, "{file}: {mount} is of no volume");
            }
        }
    }
}

#[test]
fn the_page_speaks_to_pods_that_there_are() {
    let guide = source(GUIDE);
    let manifests = manifests();
    let set = manifests.iter().find(|(_, manifest)| manifest["kind"] == "StatefulSet").map(|(_, set)| set).unwrap();
    let name = set["metadata"]["name"].as_str().unwrap();
    for number in 0..set["spec"]["replicas"].as_u64().unwrap() {
        assert!(guide.contains(&format!("--load-from 'kubectl exec -i {name}-{number} --'")), "{name}-{number}");
    }
    let folder = set.pointer("/spec/template/spec/containers/0/volumeMounts/0/mountPath").unwrap().as_str().unwrap();
    assert!(guide.contains(&format!("--worker-program {folder}/harness")), "{folder}");
}
