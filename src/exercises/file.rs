//! The file that a student starts from: the wrong version, with all that it uses.

use super::catalog::{Exercise, Room};
use super::queue::{base_of, queue_items};
use super::source::{Item, Kind, documentation, inner_items, items, renamed, without_comments};
use crate::lessons::sources;
use std::collections::{BTreeMap, BTreeSet};

/// What marks the line that names the exercise.
pub(super) const MARK: &str = "// exercise: ";

/// How long a line of the task may be.
const WIDTH: usize = 88;

/// The text of the file, given the story of the lesson.
#[must_use]
pub fn file(exercise: &Exercise, story: &str) -> String {
    let root = type_name(exercise.version);
    let room = exercise.room();
    let texts: Vec<&str> = room
        .sources
        .iter()
        .map(|file| sources::text(file))
        .collect();
    head(exercise, story) + &code(room, &texts, &root)
}

/// The type `root` of these files as an answer to exercises of the lesson. Tests grade the
/// lesson's right versions with it.
#[must_use]
pub fn answer(exercise: &Exercise, sources: &[&str], root: &str) -> String {
    let head = format!("{MARK}{}\n\n", exercise.name());
    head + &code(exercise.room(), sources, root)
}

/// Only the comment.
fn head(exercise: &Exercise, story: &str) -> String {
    let room = exercise.room();
    let mut head = format!("{MARK}{}\n//\n", exercise.name());
    head += &wrapped(story, "//");
    head += &wrapped(&format!("Task: {}", exercise.task), "//");
    head += "//\n";
    head += &promises(room);
    head += "//\n";
    let rules = format!(
        "Change anything below but the name `Answer`, which implements {}. Use \
         racecourse::sync in place of std::sync and std::thread.",
        room.answers
    );
    head += &wrapped(&rules, "//");
    head += &wrapped(
        "`cargo race watch FILE` checks this file whenever you save it.",
        "//",
    );
    head + "\n"
}

/// What the methods of the trait promise, in a list.
fn promises(room: &Room) -> String {
    let (file, elsewhere) = room.documented;
    let text = sources::text(file);
    let declared = items(text);
    let answers = declared.iter().find(|it| it.name == room.answers);
    let mut methods = inner_items(text, answers.expect("a test writes every file"));
    let mut about = format!("The methods of {}:", room.answers);
    if let Some((name, file)) = elsewhere {
        let text = sources::text(file);
        let declared = items(text);
        let (blocks, types): (Vec<&Item>, Vec<&Item>) = declared
            .iter()
            .filter(|it| it.name == name)
            .partition(|it| it.kind == Kind::Impl);
        let promised = types.iter().flat_map(|it| documentation(&it.text)).skip(1);
        about = format!("The methods of {}.", room.answers);
        promised.for_each(|paragraph| about += &format!(" {paragraph}"));
        let mut own: Vec<Item> = blocks.iter().flat_map(|it| inner_items(text, it)).collect();
        own.retain(|it| methods.iter().any(|method| method.name == it.name));
        methods = own;
    }
    let mut lines = wrapped(&about, "//");
    for method in &methods {
        let paragraphs = documentation(&method.text);
        let about = paragraphs.iter().enumerate().filter_map(|(at, paragraph)| {
            let errors = paragraph.strip_prefix("# Errors ");
            let panics = paragraph.strip_prefix("# Panics ");
            match (errors, panics) {
                (Some(when), _) => Some(format!("`Err` if {}", uncapitalized(when))),
                (_, Some(when)) => Some(format!("Panics if {}", uncapitalized(when))),
                _ => (at == 0).then(|| paragraph.clone()),
            }
        });
        let about = about.collect::<Vec<_>>().join(" ");
        // The sign of a list stands in place of a space.
        let line = wrapped(&format!("{}: {about}", method.name), "//  ");
        lines += &line.replacen("//  ", "// -", 1);
    }
    lines
}

fn uncapitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// `check-then-act` as the source has it: `CheckThenAct`.
fn type_name(version: &str) -> String {
    let words = version.split('-');
    let words = words.map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

/// The type `root`, renamed to `Answer`, and everything that it uses of these files.
fn code(room: &Room, sources: &[&str], root: &str) -> String {
    let files: Vec<Vec<Item>> = sources.iter().map(|text| items(text)).collect();
    let declarations = match room.lesson {
        "bounded_queue" => queue_items(sources, &files, root),
        _ => used_items(room, &files, root),
    };
    let body: Vec<String> = declarations
        .iter()
        .map(|item| {
            // The documentation of a public item says what is wrong.
            let text = without_comments(&item.text, item.kind != Kind::Public);
            renamed(&text, base_of(root), "Answer").replace("pub(super) ", "")
        })
        .collect();
    format!(
        "{}\n{}\n",
        imports(room, &files, &declarations),
        body.join("\n\n")
    )
}

/// The items that `root` uses, directly or through others, in the order of the files.
fn used_items(room: &Room, files: &[Vec<Item>], root: &str) -> Vec<Item> {
    let exported: TokenNames = names_in(room.exports);
    let all: Vec<&Item> = files.iter().flatten().collect();
    let is_choosable = |item: &Item| item.kind != Kind::Use && !exported.contains(&item.name);
    let mut needed: BTreeSet<&str> = [root].into();
    let chosen = loop {
        let is_needed = |item: &&&Item| is_choosable(item) && needed.contains(item.name.as_str());
        let chosen: Vec<&Item> = all.iter().filter(is_needed).copied().collect();
        let words = chosen.iter().flat_map(|item| &item.words);
        let before = needed.len();
        let more: Vec<&str> = words.map(String::as_str).collect();
        needed.extend(more);
        if needed.len() == before {
            break chosen;
        }
    };
    chosen.into_iter().map(Item::copied).collect()
}

type TokenNames = BTreeSet<String>;

fn names_in(text: &str) -> TokenNames {
    let is_mark = |letter: char| !letter.is_alphanumeric() && letter != '_';
    text.split(is_mark).map(String::from).collect()
}

/// The `use` declarations of the files, as far as these items need them.
fn imports(room: &Room, files: &[Vec<Item>], items: &[Item]) -> String {
    let declared: BTreeSet<&str> = items.iter().map(|item| item.name.as_str()).collect();
    let words: TokenNames = items.iter().flat_map(|it| names_in(&it.text)).collect();
    let is_used = |name: &str| match name {
        // A trait, whose method is called.
        "Watched" => words.contains("watched"),
        _ => words.contains(name),
    };
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let uses = files.iter().flatten().filter(|item| item.kind == Kind::Use);
    let answers = [["super", "lesson", room.answers].map(String::from).to_vec()];
    for path in uses.flat_map(Item::imports).chain(answers) {
        let (name, module) = path.split_last().expect("a path has a name");
        if !is_used(name) || declared.contains(name.as_str()) {
            continue;
        }
        let module: Vec<&str> = module.iter().map(String::as_str).collect();
        let module = match &module[..] {
            ["super", ..] | ["crossbeam_channel"] => {
                format!("racecourse::lessons::{}", room.lesson)
            }
            ["crate", rest @ ..] => ["racecourse"]
                .iter()
                .chain(rest)
                .copied()
                .collect::<Vec<_>>()
                .join("::"),
            path => path.join("::"),
        };
        modules.entry(module).or_default().insert(name.clone());
    }
    let mut lines: Vec<String> = modules.into_iter().map(|it| declaration(&it)).collect();
    lines.sort();
    lines.concat()
}

/// `use module::{Name, Other};`
fn declaration((module, names): &(String, BTreeSet<String>)) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if let [name] = names[..] {
        return format!("use {module}::{name};\n");
    }
    let line = format!("use {module}::{{{}}};\n", names.join(", "));
    match line.len() > 101 {
        false => line,
        true => format!(
            "use {module}::{{\n{}}};\n",
            wrapped(&(names.join(", ") + ","), "   ")
        ),
    }
}

/// The words in lines that each begin with `indent` and a space.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            lines += &line;
            lines += "\n";
            indent.clone_into(&mut line);
        }
        line += " ";
        line += word;
    }
    lines + &line + "\n"
}
