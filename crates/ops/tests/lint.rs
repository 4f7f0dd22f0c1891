//! Every operation's declaration, held against the rules of the house.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use isovox_ops::spec::{Entry, Parameter, Spec, Values};
use isovox_ops::{FAMILIES, all};

/// Flags of the command that belong to no operation.
const COMMON: [&str; 6] = ["--voxel-size", "--crop", "--center", "--frame", "--size", "--force"];

/// Nouns of distances: a parameter of one of these kinds is read in a unit, which it names or the user writes.
const WITH_UNIT: [&str; 2] = ["extent", "region"];

/// Collects what is wrong with each operation.
#[track_caller]
fn check(rule: impl Fn(&'static str, &Entry, &Spec) -> Result<(), String>) {
    let wrong: Vec<String> = all()
        .filter_map(|(family, entry)| {
            let spec = (entry.spec)();
            rule(family, entry, &spec).err().map(|e| format!("{}: {e}", spec.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn ensure(right: bool, wrong: impl std::fmt::Display) -> Result<(), String> {
    if right { Ok(()) } else { Err(wrong.to_string()) }
}

fn kebab(name: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.split('-').all(word) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

#[test]
fn names_are_kebab_case_and_used_once() {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    all().for_each(|(_, e)| *times.entry((e.spec)().name).or_default() += 1);
    check(|_, _, spec| ensure(times[spec.name] == 1, "the name is used twice"));
    check(|_, _, spec| ensure(kebab(spec.name), "the name is not kebab-case"));
    check(|_, _, spec| {
        let names = spec.parameters.iter().map(|p| p.name).chain(spec.inputs.iter().map(|p| p.name));
        let list: Vec<&str> = names.collect();
        ensure(list.iter().collect::<BTreeSet<_>>().len() == list.len(), format_args!("a name is used twice in {list:?}"))?;
        list.iter().try_for_each(|n| ensure(kebab(n), format_args!("{n:?} is not kebab-case")))
    });
}

#[test]
fn briefs_are_one_short_sentence() {
    check(|_, _, spec| {
        ensure(spec.brief.ends_with('.') && !spec.brief.contains('\n'), format_args!("{:?} is not one line with a full stop", spec.brief))?;
        ensure(spec.brief.chars().count() <= 100, format_args!("the brief has {} characters, 100 are allowed", spec.brief.chars().count()))?;
        ensure(spec.text.replace('\n', " ").starts_with(spec.brief), "the text does not begin with the brief")
    });
}

#[test]
fn parameters_say_what_they_mean() {
    let one = |p: &Parameter| {
        ensure(p.text.ends_with(['.', ')']) && p.text.len() > 5, format_args!("--{} has no whole sentence as text", p.name))?;
        ensure(p.kind != "choice" || !p.choices.is_empty(), format_args!("--{} has no choices", p.name))?;
        ensure(!WITH_UNIT.contains(&p.kind) || p.unit.is_some(), format_args!("--{} is a {} without a unit", p.name, p.kind))
    };
    check(|_, _, spec| spec.parameters.iter().try_for_each(one));
}

#[test]
fn defaults_lie_in_their_ranges() {
    let numbers = |p: &Parameter| -> Vec<f64> {
        let default = p.default.clone().unwrap_or_default();
        default.as_array().cloned().unwrap_or_else(|| vec![default]).iter().filter_map(serde_json::Value::as_f64).collect()
    };
    check(|_, _, spec| {
        spec.parameters.iter().try_for_each(|p| {
            let Some(range) = p.range else { return Ok(()) };
            ensure(range.least <= range.greatest, format_args!("the range of --{} is empty", p.name))?;
            ensure(numbers(p).iter().all(|v| (range.least..=range.greatest).contains(v)), format_args!("the default of --{} lies outside its range", p.name))
        })
    });
}

#[test]
fn defaults_are_read_back_as_they_are_shown() {
    check(|_, entry, spec| {
        if spec.parameters.iter().any(Parameter::required) {
            return ensure((entry.build)(&Values::default()).is_err(), "it builds without what it requires");
        }
        let built = (entry.build)(&Values::default()).map_err(|e| e.to_string())?.parameters();
        let again = (entry.build)(&Values::from_json(&built)).map_err(|e| e.to_string())?.parameters();
        ensure(built == again, format_args!("{built} is read back as {again}"))?;
        spec.parameters.iter().try_for_each(|p| ensure(Some(&built[p.name]) == p.default.as_ref(), format_args!("--{} is {} and not its default", p.name, built[p.name])))
    });
}

/// What is no number has no meaning as a parameter of any operation: kinds refuse it when they are read.
#[test]
fn numbers_are_finite() {
    const NUMBERS: [&str; 6] = ["number", "whole number", "integer", "extent", "length", "size"];
    const NONE: [&str; 9] = ["nan", "NaN", "-nan", "inf", "-inf", "infinity", "1e999", "nanvox", "infmm"];
    check(|_, entry, spec| {
        let words: Vec<&str> = spec.example.split(' ').collect();
        let numbers = spec.parameters.iter().filter(|p| NUMBERS.contains(&p.kind));
        numbers.flat_map(|p| NONE.map(|text| (p.name, text))).try_for_each(|(name, text)| {
            let mut values = example_values(spec, &words);
            values.set(name, text);
            ensure((entry.build)(&values).is_err(), format_args!("--{name} {text} is taken"))
        })
    });
}

#[test]
fn choices_are_read_back() {
    check(|_, entry, spec| {
        let others = spec.parameters.iter().filter(|p| p.required() && p.choices.is_empty()).count();
        let choices = spec.parameters.iter().flat_map(|p| p.choices.iter().map(move |c| (p.name, *c)));
        choices.filter(|_| others == 0).try_for_each(|(name, choice)| {
            let mut values = Values::default();
            values.set(name, choice);
            (entry.build)(&values).map(drop).map_err(|e| format!("--{name} {choice}: {e}"))
        })
    });
}

#[test]
fn examples_are_commands_of_the_operation() {
    check(|_, entry, spec| {
        let words: Vec<&str> = spec.example.split(' ').collect();
        ensure(words.len() > 2 && words[..2] == ["isovox", spec.name], format_args!("{:?} is not its command", spec.example))?;
        ensure(words.contains(&"-o"), "the example writes nothing")?;
        let own = |name: &str| spec.parameters.iter().any(|p| p.name == name) || spec.inputs[1..].iter().any(|p| p.name == name);
        for flag in words.iter().filter(|w| w.starts_with("--")) {
            ensure(COMMON.contains(flag) || own(&flag[2..]), format_args!("the example has {flag}, the operation has not"))?;
        }
        (entry.build)(&example_values(spec, &words)).map(drop).map_err(|e| format!("the example does not build: {e}"))
    });
}

/// The parameters that an example gives.
fn example_values(spec: &Spec, words: &[&str]) -> Values {
    let mut values = Values::default();
    for p in &spec.parameters {
        if let Some(at) = words.iter().position(|w| w.strip_prefix("--") == Some(p.name)) {
            // An affine is the text of the file that the example names.
            values.set(
                p.name,
                if p.is_flag() {
                    "true"
                } else if p.kind == "affine" {
                    "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"
                } else {
                    words[at + 1]
                },
            );
        }
    }
    values
}

#[test]
fn sources_are_named() {
    /// Words by which a text says what it agrees with or comes from.
    const SAYS: [&str; 7] = ["Equal to", "Agrees with", "Source:", " as OpenCV", "OpenCV's", "definition", "Shape:"];
    /// Operations that have no source but their own sentence: they copy or count.
    const PLAIN: [&str; 2] = ["crop", "measure"];
    check(|_, _, spec| {
        ensure(
            !spec.references.is_empty() || PLAIN.contains(&spec.name) || SAYS.iter().any(|s| spec.text.replace('\n', " ").contains(s)),
            "neither references nor a text that names its source",
        )
    });
}

#[test]
fn the_access_is_named_as_in_the_code() {
    let known = ["Point", "Halo", "Reduce", "Decide", "Join", "Gather", "Whole", "Facet"];
    check(|_, _, spec| ensure(known.contains(&spec.access), format_args!("access {:?}", spec.access)));
    check(|_, _, spec| ensure(spec.inputs.first().is_some_and(|p| p.required && p.name == "input"), "the first input is `input`"));
}

/// Names of the operations that the files of a family declare: the struct after `derive(Op)`.
fn declared(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "rs")).collect();
    files.sort();
    for file in files {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let derives = text.match_indices("#[derive(Op").map(|(at, _)| &text[at..]);
        found.extend(derives.map(|rest| {
            let name = rest.split("pub struct ").nth(1).unwrap_or_default();
            (stem.clone(), name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_string())
        }));
    }
    found
}

#[test]
fn folders_and_lists_agree() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (family, ops) in FAMILIES {
        let list = std::fs::read_to_string(source.join(family).join("mod.rs")).unwrap();
        let files = declared(&source.join(family));
        assert_eq!(files.len(), ops.len(), "{family}: declared are {files:?}");
        for (file, name) in files {
            let line = format!("Entry::of::<{file}::{name}>()");
            assert!(list.contains(&line), "{family}/mod.rs does not list {line}");
            assert!(list.contains(&format!("pub mod {file};")), "{family}/mod.rs has no module {file}");
        }
    }
}
