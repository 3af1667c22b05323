//! The published JSON Schemas, `docs/schemas/`, are those of the types that are written. `UPDATE_GOLDEN=1 cargo test -p harness
//! --lib schemas` writes them anew, for a person to look at the difference.
//!
//! Records are described as they are read, so that older ones keep to the schema too; what is only written, as it is written.
//! Whether real output keeps to them is for `harness/tests/it/formats/`. Beside it: `docs/formats.md`, for people.

use std::fs;
use std::path::{Path, PathBuf};

use reports::export::{RunBeside, RunSummary};
use reports::record::{Cell, Manifest, PredictionRecord, Timeline};
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::load::LoadFindings;

/// Each schema by the name of its file, with its title.
fn schemas() -> [(&'static str, Schema); 7] {
    [
        ("manifest", read_back::<Manifest>("manifest.json of a saved run")),
        ("cell", read_back::<Cell>("A file under cells/ of a saved run")),
        ("timeline", read_back::<Timeline>("A file under timelines/ of a saved run")),
        ("prediction", read_back::<PredictionRecord>("A file under workshop/ of a saved run")),
        ("load", written::<LoadFindings>("harness load --format json")),
        ("summary", written::<RunSummary>("--format json of compare, capacity, map, and report of one run")),
        ("summaries", written::<Vec<RunBeside<'_, RunSummary>>>("harness report --format json of several runs")),
    ]
}

fn read_back<T: JsonSchema>(title: &str) -> Schema {
    titled::<T>(SchemaSettings::draft2020_12(), title)
}

fn written<T: JsonSchema>(title: &str) -> Schema {
    titled::<T>(SchemaSettings::draft2020_12().for_serialize(), title)
}

fn titled<T: JsonSchema>(settings: SchemaSettings, title: &str) -> Schema {
    let mut schema = settings.with_transform(PlainWords).into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}

/// Descriptions without the brackets that lead from one to another in the documentation of the code.
#[derive(Clone)]
struct PlainWords;

impl Transform for PlainWords {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(words)) = schema.get_mut("description") {
            *words = words.replace("[`", "`").replace("`]", "`").replace('\n', " ");
        }
        transform_subschemas(self, schema);
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas")
}

#[test]
fn published_schemas_are_those_of_the_types() {
    let mut stale = Vec::new();
    for (name, schema) in schemas() {
        let path = folder().join(format!("{name}.json"));
        let now = format!("{:#}\n", schema.as_value());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, &now).unwrap();
        }
        if fs::read_to_string(&path).ok().as_deref() != Some(now.as_str()) {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "docs/schemas has others than these types: {stale:?}; UPDATE_GOLDEN=1 writes them anew");
    let named = schemas().map(|(name, _)| format!("{name}.json"));
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strangers: Vec<String> = files.filter(|file| !named.contains(file)).collect();
    assert!(strangers.is_empty(), "docs/schemas has what is written no more: {strangers:?}");
}
