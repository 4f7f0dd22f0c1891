//! `isovox tags`: what DICOM files say of themselves.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command};
use isovox_formats::dicom::{mask, tags};
use isovox_ops::spec::nearest;
use isovox_volume::{Error, Result};
use serde_json::{Map, Value as Json, json};

use super::arguments::{input_paths, inputs, running};
use super::settings::Settings;
use super::{Exit, talk};

/// Values of one element that are shown of a list.
const SHOWN: usize = 6;

/// Letters of a value that are shown in a line.
const LONGEST: usize = 120;

type Model = Map<String, Json>;

/// An element as a file has it, and as it may be shown; `None` where the file has none.
type Seen = Option<(Json, String)>;

/// A file and its elements.
struct File {
    name: String,
    model: Model,
}

/// The command.
pub(crate) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
    Command::new("tags")
        .about("Show what DICOM files say of themselves: all elements, some of them, or what differs.")
        .long_about(
            "Show what DICOM files say of themselves: all elements with private ones and sequences, those asked for, or what differs between files.\n\nPixels are left out. Who the patient is stays masked (***) without --identity.",
        )
        .after_help("Example:\n  isovox tags slice.dcm\n  isovox tags series/ --tag PixelSpacing --tag 0018,0050\n  isovox tags series/ --diff\n  isovox tags slice.dcm --json")
        .arg(inputs())
        .arg(
            Arg::new("tag")
                .long("tag")
                .value_name("TAG")
                .help("Only this element, by keyword or number, at any depth: PixelSpacing or 0028,0030; may be repeated")
                .action(ArgAction::Append),
        )
        .arg(flag("diff", "Only what differs between the files"))
        .arg(flag("json", "As JSON: the DICOM JSON model"))
        .arg(flag("identity", "Show who the patient is"))
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths = input_paths(matches);
    let wanted: Vec<String> = matches.get_many::<String>("tag").into_iter().flatten().map(|t| meant(t)).collect::<Result<_>>()?;
    let (files, others) = isovox_formats::dicom_files(&paths)?;
    if !others.is_empty() {
        talk::warn(&format!("{} other files are passed over: {}", others.len(), others.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ")));
    }
    let diff = matches.get_flag("diff");
    if diff && files.len() < 2 {
        return Err(Error::parameter("--diff of one file").expected("two files, or a folder of several").help("name both: isovox tags A B --diff"));
    }
    // Without a question, many files would be the same page many times.
    let asked = if diff || !wanted.is_empty() || matches.get_flag("json") { files.len() } else { 1 };
    let run = settings.start(None);
    run.begin("examining", asked as u64);
    let mut read = Vec::new();
    for input in &files[..asked] {
        run.check()?;
        read.push(File { name: input.name().into(), model: tags::read(input)? });
        run.advance(1);
    }
    talk::Talk::from_words(&settings.words).clear();
    let identity = matches.get_flag("identity");
    let text = match (diff, matches.get_flag("json")) {
        (true, as_json) => differences(&read, &wanted, identity, as_json),
        (false, true) => format!("{:#}\n", model(&read, &wanted, identity)),
        (false, false) if wanted.is_empty() => {
            let others = if files.len() > 1 { format!("{}: the first of {} files; --diff shows what differs\n", read[0].name, files.len()) } else { String::new() };
            others + &tree(&shown(&read[0].model, identity), 0)
        }
        (false, false) => asked_for(&read, &wanted, identity),
    };
    talk::tell(&printable(&text))?;
    Ok(Exit::Done)
}

/// A text in which nothing commands the terminal: values and names of files may hold anything. JSON escapes most of it by
/// itself, and reads the same with the rest escaped.
fn printable(text: &str) -> String {
    let commands = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if commands(c) { format!("\\u{:04x}", c as u32) } else { c.into() }).collect()
}

/// The tag of a word.
fn meant(text: &str) -> Result<String> {
    tags::tag(text).ok_or_else(|| {
        let error = Error::parameter(format_args!("--tag {text}")).expected("a keyword of the standard, or a number such as 0028,0030");
        match nearest(text, &["PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "SeriesDescription", "RescaleSlope", "RescaleIntercept"]) {
            Some(near) => error.help(format_args!("did you mean {near}?")),
            None => error.help("isovox tags FILE lists the keywords that it has"),
        }
    })
}

fn shown(model: &Model, identity: bool) -> Model {
    if identity { model.clone() } else { mask::masked(model) }
}

/// The model of a file, or of each of several; of some elements where they are asked for.
fn model(files: &[File], wanted: &[String], identity: bool) -> Json {
    let one = |file: &File| {
        let mut model = shown(&file.model, identity);
        if !wanted.is_empty() {
            prune(&mut model, wanted);
        }
        Json::Object(model)
    };
    if let [file] = files { one(file) } else { files.iter().map(one).collect() }
}

/// Leaves the elements that are asked for, and the sequences that they stand in; items stay, so that they count as in the
/// file. Whether anything is left.
fn prune(model: &mut Model, wanted: &[String]) -> bool {
    model.retain(|tag, element| {
        let items = element.get_mut("Value").and_then(Json::as_array_mut).into_iter().flatten().filter_map(Json::as_object_mut);
        // Parts of names are objects too, and none is an element. All items are pruned, where `any` would stop at the first.
        wanted.contains(tag) || items.map(|item| prune(item, wanted)).max() == Some(true)
    });
    !model.is_empty()
}

/// `0028,0030` with what the standard calls it.
fn named(tag: &str) -> String {
    let keyword = tags::keyword(tag).unwrap_or(if tag.as_bytes().get(3).is_some_and(|b| b % 2 == 1) { "private" } else { "unknown" });
    format!("{keyword} ({},{})", &tag[..4], &tag[4..])
}

/// A line an element; those of items further in.
fn tree(model: &Model, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let mut text = String::new();
    for (tag, element) in model {
        let items: Vec<&Model> = element["Value"].as_array().into_iter().flatten().filter_map(Json::as_object).filter(|_| element["vr"] == "SQ").collect();
        let hidden = element["Value"][0].is_string();
        let value = if element["vr"] == "SQ" && !hidden { format!("{} items", items.len()) } else { value(element) };
        text += &format!("{indent}{:<44} {:<2}  {value}\n", named(tag), element["vr"].as_str().unwrap_or_default());
        for (n, item) in items.iter().enumerate() {
            text += &format!("{indent}  item {}\n{}", n + 1, tree(item, depth + 2));
        }
    }
    text
}

/// A value in a line.
fn value(element: &Json) -> String {
    if let Some(bytes) = element["InlineBinary"].as_str() {
        return format!("{} bytes", bytes.trim_end_matches('=').len() * 3 / 4);
    }
    let one = |v: &Json| match v {
        Json::String(text) => text.trim_end().to_string(),
        Json::Object(person) => person.values().filter_map(Json::as_str).collect::<Vec<_>>().join("="),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    let text = element["Value"].as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join("\\");
    let text = text.replace(['\r', '\n'], " ");
    if text.chars().count() > LONGEST { format!("{}… ({} letters)", text.chars().take(LONGEST).collect::<String>(), text.chars().count()) } else { text }
}

/// Every element of a file with its path: the keywords or tags down to it.
fn paths<'a>(model: &'a Model, above: &str, out: &mut Vec<(String, &'a str, &'a Json)>) {
    for (tag, element) in model {
        let path = format!("{above}{}", tags::keyword(tag).unwrap_or(tag));
        if element["vr"] == "SQ" {
            for (n, item) in element["Value"].as_array().into_iter().flatten().filter_map(Json::as_object).enumerate() {
                paths(item, &format!("{path}[{}].", n + 1), out);
            }
        } else {
            out.push((path, tag, element));
        }
    }
}

/// What is asked for, of each file.
fn asked_for(files: &[File], wanted: &[String], identity: bool) -> String {
    let mut text = String::new();
    for file in files {
        let model = shown(&file.model, identity);
        let mut all = Vec::new();
        paths(&model, "", &mut all);
        for tag in wanted {
            let found: Vec<_> = all.iter().filter(|(_, t, _)| t == tag).collect();
            let name = if files.len() > 1 { format!("{}  ", file.name) } else { String::new() };
            match found[..] {
                [] if model.contains_key(tag) => text += &format!("{name}{}  {} items\n", named(tag), model[tag]["Value"].as_array().map_or(0, Vec::len)),
                [] => text += &format!("{name}{}  -\n", named(tag)),
                _ => found.iter().for_each(|(path, _, element)| text += &format!("{name}{path}  {}\n", value(element))),
            }
        }
    }
    text
}

/// What differs between files: an element, and its values with the files that have them.
fn differences(files: &[File], wanted: &[String], identity: bool, as_json: bool) -> String {
    let masked: Vec<Model> = files.iter().map(|f| shown(&f.model, identity)).collect();
    let mut by_path: BTreeMap<(String, String), Vec<Seen>> = BTreeMap::new();
    for (n, (file, masked)) in files.iter().zip(&masked).enumerate() {
        let (mut all, mut kept) = (Vec::new(), Vec::new());
        paths(&file.model, "", &mut all);
        paths(masked, "", &mut kept);
        let kept: BTreeMap<String, &Json> = kept.into_iter().map(|(path, _, element)| (path, element)).collect();
        for (path, tag, element) in all {
            // A sequence may be masked as a whole, with all that is in it.
            let shown = kept.get(&path).map_or("***".to_string(), |e| value(e));
            by_path.entry((tag.to_string(), path)).or_insert_with(|| vec![None; files.len()])[n] = Some((element.clone(), shown));
        }
    }
    by_path.retain(|(tag, _), values| (wanted.is_empty() || wanted.contains(tag)) && values.iter().any(|v| v.as_ref().map(|v| &v.0) != values[0].as_ref().map(|v| &v.0)));
    let list: Vec<Json> = by_path.iter().map(|((tag, path), values)| difference(files, tag, path, values)).collect();
    if as_json {
        return format!("{:#}\n", Json::Array(list));
    }
    let mut text = String::new();
    for one in &list {
        let values: Vec<String> = one["values"].as_array().into_iter().flatten().take(SHOWN).map(said).collect();
        let count = one["values"].as_array().map_or(0, Vec::len);
        let more = if count > SHOWN { format!("; and {} more", count - SHOWN) } else { String::new() };
        text += &format!("{}  {}{more}\n", one["path"].as_str().unwrap_or_default(), values.join("; "));
    }
    if text.is_empty() { "no element differs\n".into() } else { text }
}

fn difference(files: &[File], tag: &str, path: &str, values: &[Seen]) -> Json {
    let mut groups: Vec<(Option<&Json>, Json, Vec<&str>)> = Vec::new();
    for (file, value) in files.iter().zip(values) {
        let raw = value.as_ref().map(|v| &v.0);
        match groups.iter_mut().find(|g| g.0 == raw) {
            Some(group) => group.2.push(&file.name),
            None => groups.push((raw, value.as_ref().map_or(Json::Null, |v| v.1.clone().into()), vec![&file.name])),
        }
    }
    let values: Vec<Json> = groups.into_iter().map(|(_, value, files)| json!({"value": value, "files": files})).collect();
    json!({"tag": tag, "keyword": tags::keyword(tag), "path": path, "values": values})
}

fn said(value: &Json) -> String {
    let files = value["files"].as_array().map_or(0, Vec::len);
    let of = if files == 1 { value["files"][0].as_str().unwrap_or_default().to_string() } else { format!("{files} files") };
    format!("{} ({of})", value["value"].as_str().unwrap_or("absent"))
}
