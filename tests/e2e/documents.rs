//! Compares the documents that clients and operators read with the code.

use chatgrow_api::Problem;
use std::{collections::BTreeSet, fs, path::PathBuf};

fn read(path: &str) -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn errors_md_is_the_table_of_problems() {
    let document = read("docs/errors.md");
    let rows: Vec<_> = document
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .skip(1)
        .collect();
    assert_eq!(rows.len(), Problem::ALL.len());
    for problem in Problem::ALL {
        let (status, code, message) = problem.describe();
        let row = format!("| {} | `{code}` | {message}", status.as_u16());
        assert!(
            rows.iter().any(|line| line.starts_with(&row)),
            "docs/errors.md has no row «{row}»"
        );
    }
}

#[test]
fn guides_name_every_operation_and_every_code() {
    let document = chatgrow_api::document();
    for guide in ["docs/guide.en.md", "docs/guide.he.md"] {
        let guide_text = read(guide);
        for (path, methods) in document["paths"].as_object().unwrap() {
            let path = path.trim_start_matches(chatgrow_api::BASE_PATH);
            for method in methods.as_object().unwrap().keys() {
                let operation = format!("{} /api/webhooks{path}", method.to_uppercase());
                assert!(
                    guide_text.contains(&operation),
                    "{guide} does not name {operation}"
                );
            }
        }
        for problem in Problem::ALL {
            assert!(
                guide_text.contains(problem.describe().1),
                "{guide} does not name {problem:?}"
            );
        }
    }
}

#[test]
fn readme_lists_every_variable_with_its_default() {
    let variables = |text: &str| -> BTreeSet<(String, String)> {
        let lines = text
            .lines()
            .filter_map(|line| line.trim_start_matches('#').split_once('='));
        let pairs = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
        pairs
            .filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
            .collect()
    };
    let readme = read("README.md");
    for (name, default) in variables(&read("env.example")) {
        let row = if default.is_empty() {
            format!("| `{name}` | |")
        } else {
            format!("| `{name}` | `{default}` |")
        };
        assert!(readme.contains(&row), "README.md has no row «{row}»");
    }
}
