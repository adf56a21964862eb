use super::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The messages of a language, each with the arguments that it uses.
fn messages(files: [&str; 8]) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::new();
    for file in files {
        let parsed = FluentResource::try_new(file.to_owned());
        assert!(
            parsed.is_ok(),
            "a file has an error: {:?}",
            parsed.err().map(|(_, errors)| errors)
        );
        let mut key = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
                key = name.to_owned();
                assert!(
                    messages.insert(key.clone(), BTreeSet::new()).is_none(),
                    "{key} is there twice"
                );
            }
            let arguments = line.split('$').skip(1);
            let name = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).collect();
            let known: &mut BTreeSet<String> = messages.entry(key.clone()).or_default();
            known.extend(arguments.map(name));
        }
    }
    messages.remove("");
    messages
}

fn files(folder: &Path, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn both_languages_say_the_same_things() {
    let (hebrew, english) = (messages(HEBREW_TEXTS), messages(ENGLISH_TEXTS));
    let keys = |messages: &BTreeMap<String, BTreeSet<String>>| messages.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&hebrew), keys(&english));
    for (key, arguments) in &hebrew {
        assert_eq!(
            arguments
                .iter()
                .filter(|name| *name != "count")
                .collect::<Vec<_>>(),
            english[key]
                .iter()
                .filter(|name| *name != "count")
                .collect::<Vec<_>>(),
            "the arguments of {key}"
        );
    }
}

/// Every key in the code and in the templates is there, and every key is used.
#[test]
fn no_text_is_missing_or_left_over() {
    let known = messages(HEBREW_TEXTS);
    let mut used = BTreeSet::new();
    for (path, content) in files(&root().join("templates"), "html")
        .into_iter()
        .chain(files(&root().join("src"), "rs"))
        .filter(|(path, _)| !path.ends_with("words/tests.rs"))
    {
        for text in content.split('"').skip(1).step_by(1) {
            if known.contains_key(text) {
                used.insert(text.to_owned());
            }
        }
        for call in ["t.text(\"", "t.of(\"", "t.count(\"", "t.with(\""] {
            for rest in content.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(
                    known.contains_key(key),
                    "{path} uses {key}, which no language has"
                );
            }
        }
    }
    // Those whose last part is chosen at run time.
    let chosen = [
        "month-",
        "weekday-",
        "weekday-short-",
        "change-",
        "subject-",
        "delivery-status-",
        "failure-",
        "scope-",
        "role-",
        "paid-standing-",
        "paid-kind-",
        "paid-status-",
        "paid-attention-",
        "notice-",
        "source-kind-",
        "status-",
        "event-status-",
        "kind-",
        "service-type-",
    ];
    let left: Vec<_> = known
        .keys()
        .filter(|key| !used.contains(*key) && !chosen.iter().any(|start| key.starts_with(start)))
        .collect();
    assert!(left.is_empty(), "nothing uses {left:?}");
}

/// All words in a template come from the files of texts.
#[test]
fn no_template_has_a_text_of_its_own() {
    for (path, content) in files(&root().join("templates"), "html") {
        let mut plain = String::new();
        let mut rest = content.as_str();
        // Without expressions, statements, comments and tags, only white space and punctuation are left.
        while let Some(start) = rest.find(['{', '<']) {
            plain.push_str(&rest[..start]);
            let end = match &rest[start..] {
                text if text.starts_with("{{") => "}}",
                text if text.starts_with("{%") => "%}",
                text if text.starts_with("{#") => "#}",
                text if text.starts_with('<') => ">",
                _ => "{",
            };
            let length = rest[start..]
                .find(end)
                .map_or(rest.len() - start, |length| length + end.len());
            rest = &rest[start + length.max(1)..];
        }
        plain.push_str(rest);
        let words: Vec<_> = plain
            .split_whitespace()
            // A macro may make attributes of a tag.
            .filter(|word| !word.contains("=\""))
            .filter(|word| word.chars().any(char::is_alphabetic) && *word != "ChatGrow")
            .collect();
        assert!(words.is_empty(), "{path}: {words:?}");
    }
}

#[test]
fn a_text_takes_its_arguments() {
    let english = Words(Language::English);
    assert_eq!(
        english.invalid(Invalid::TooShort { min: 10 }),
        "Use at least \u{2068}10\u{2069} characters."
    );
    assert_eq!(english.text("no-such-key"), "no-such-key");
    assert_eq!(english.other().direction(), "rtl");
}
