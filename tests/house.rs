//! The house's invariants, kept by reading the source. Every check is a function
//! from source to complaints, and is shown made-up source that it must complain of.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use syn::visit::{self, Visit};

/// One source file, by its path from the repository's root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    fn tokens(&self) -> TokenStream {
        match self.text.parse() {
            Ok(tokens) => tokens,
            Err(error) => panic!("{}: {error}", self.path),
        }
    }

    fn syntax(&self) -> syn::File {
        match syn::parse_file(&self.text) {
            Ok(file) => file,
            Err(error) => panic!("{}: {error}", self.path),
        }
    }

    /// `src/lessons/join/mod.rs` is `["crate", "lessons", "join"]`.
    fn module(&self) -> Vec<String> {
        let path = self.path.trim_end_matches(".rs");
        let inner = path.split('/').skip(1);
        std::iter::once("crate")
            .chain(inner.filter(|name| !["mod", "lib", "main"].contains(name)))
            .map(String::from)
            .collect()
    }

    /// Every path that the code names, from `crate` where it is ours. Comments and
    /// strings are not code; what is inside macros is.
    fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        collect_paths(self.tokens(), &self.module(), &[], &mut found);
        found
    }

    /// Which lesson it belongs to: `join`.
    fn lesson(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/lessons/")?;
        inside.split('/').next()
    }

    /// Whether it belongs to a lesson's right or wrong versions.
    fn is_version(&self) -> bool {
        let part = self.path.split('/').nth(3).unwrap_or_default();
        self.lesson().is_some() && ["right", "wrong"].contains(&part.trim_end_matches(".rs"))
    }
}

/// `use` groups are unfolded behind `prefix`; `self` and `super` are resolved.
fn collect_paths(
    tokens: TokenStream,
    module: &[String],
    prefix: &[String],
    found: &mut Vec<Vec<String>>,
) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let Some(first) = ident(tokens.get(at)) else {
            if let TokenTree::Group(group) = &tokens[at] {
                collect_paths(group.stream(), module, prefix, found);
            }
            at += 1;
            continue;
        };
        at += 1;
        let is_new_name = first == "as" && !is_colon(tokens.get(at + 1));
        if is_new_name {
            at += 1;
            continue;
        }
        if first == "mod"
            && let Some(name) = ident(tokens.get(at))
            && let Some(TokenTree::Group(body)) = tokens.get(at + 1)
        {
            let inner: Vec<String> = module.iter().cloned().chain([name]).collect();
            collect_paths(body.stream(), &inner, &[], found);
            at += 2;
            continue;
        }
        let is_keyword = syn::parse_str::<syn::Ident>(&first).is_err();
        if is_keyword && !["crate", "self", "super"].contains(&first.as_str()) {
            continue;
        }
        let mut path = match (first.as_str(), prefix) {
            ("crate" | "racecourse", []) => vec!["crate".into()],
            ("self", []) => module.to_vec(),
            ("super", []) => module[..module.len().saturating_sub(1)].to_vec(),
            ("self", _) => prefix.to_vec(),
            _ => prefix.iter().cloned().chain([first]).collect(),
        };
        let mut unfolded = false;
        while is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1)) {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(name)) if name == "super" => {
                    path.pop();
                }
                Some(TokenTree::Ident(_)) => path.extend(ident(tokens.get(at + 2))),
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".into()),
                Some(TokenTree::Group(names)) if names.delimiter() == Delimiter::Brace => {
                    collect_paths(names.stream(), module, &path, found);
                    unfolded = true;
                }
                _ => break,
            }
            at += 3;
        }
        if !unfolded {
            found.push(path);
        }
    }
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(name)) => Some(name.to_string().trim_start_matches("r#").into()),
        _ => None,
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

fn starts_with(path: &[String], start: &[&str]) -> bool {
    path.len() >= start.len() && path.iter().zip(start).all(|(name, start)| name == start)
}

fn complaints_about_paths(
    source: &Source,
    is_wrong: impl Fn(&[String]) -> bool,
    why: &str,
) -> Vec<String> {
    let paths = source.paths().into_iter().filter(|path| is_wrong(path));
    paths
        .map(|path| format!("{}: `{}` {why}", source.path, path.join("::")))
        .collect()
}

// --- What is checked --------------------------------------------------------

/// A lesson uses only `crate::sync`.
fn another_world(source: &Source) -> Vec<String> {
    let around = |path: &[String]| {
        let std = ["std", "core", "alloc"].contains(&path[0].as_str());
        let part = path.get(1).map_or("", String::as_str);
        path[0] == "loom"
            || (std && ["sync", "thread", "hint", "*"].contains(&part))
            || (std && part == "cell" && path.iter().any(|name| name == "UnsafeCell"))
    };
    match source.lesson() {
        Some(_) => complaints_about_paths(source, around, "goes around crate::sync"),
        None => Vec::new(),
    }
}

/// Lessons that may use the queue of `bounded_queue`.
const SERVED_BY_BOUNDED_QUEUE: [&str; 3] = ["bread_queue", "process_queue", "process_pool"];

/// A lesson imports no other lesson.
fn another_lesson(source: &Source, lessons: &BTreeSet<&str>) -> Vec<String> {
    let Some(own) = source.lesson() else {
        return Vec::new();
    };
    let is_other = |path: &[String]| {
        path.windows(2).any(|names| {
            let other = names[1].as_str();
            let allowed = other == own
                || (other == "bounded_queue" && SERVED_BY_BOUNDED_QUEUE.contains(&own));
            names[0] == "lessons" && !allowed && (lessons.contains(other) || other == "*")
        })
    };
    complaints_about_paths(source, is_other, "is another lesson's")
}

/// `draw` knows nothing of lessons, the command line or the switch; `explorer` and
/// `check` know no lesson.
fn another_layer(source: &Source) -> Vec<String> {
    let unknown: &[&str] = match source.module().get(1).map(String::as_str) {
        Some("draw") => &["lessons", "cli", "sync"],
        Some("explorer") => &["lessons"],
        Some("check") => &["lessons", "cli"],
        _ => &[],
    };
    let is_unknown = |path: &[String]| unknown.iter().any(|it| starts_with(path, &["crate", it]));
    complaints_about_paths(source, is_unknown, "is not for this layer to know")
}

/// `cfg(loom)` stands only in the switch, at the explorer's door and at the head
/// of the test roots, and in no function body.
fn cfg_out_of_place(source: &Source) -> Vec<String> {
    let head = match source.path.as_str() {
        "tests/main.rs" => Some("#![cfg(not(loom))]"),
        "loom-tests/main.rs" => Some("#![cfg(loom)]"),
        _ => None,
    };
    let mut complaints = Vec::new();
    let said = cfgs_of_loom(source.tokens());
    if let Some(head) = head {
        let mut lines = source.text.lines().filter(|line| !line.starts_with("//"));
        if lines.next() != Some(head) || said != 1 {
            complaints.push(format!(
                "{} starts with {head}, and has no other",
                source.path
            ));
        }
    } else if said > 0 && !["sync", "explorer"].contains(&source.module()[1..].join("::").as_str())
    {
        let inside_the_switch = source.path.starts_with("src/sync/");
        if !inside_the_switch {
            complaints.push(format!("{}: cfg(loom) is not for here", source.path));
        }
    }
    let mut bodies = Bodies::default();
    bodies.visit_file(&source.syntax());
    if bodies.cfgs > 0 {
        complaints.push(format!("{}: cfg(loom) in a function body", source.path));
    }
    complaints
}

/// How often `cfg`, `cfg_attr` or `cfg!` asks about loom.
fn cfgs_of_loom(tokens: TokenStream) -> usize {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut count = 0;
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let before = tokens[..at].iter().rev().take(2);
        let asks = before
            .filter_map(|token| ident(Some(token)))
            .any(|name| name == "cfg" || name == "cfg_attr");
        if asks && names(group.stream(), "loom") {
            count += 1;
        } else {
            count += cfgs_of_loom(group.stream());
        }
    }
    count
}

fn names(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => names(group.stream(), name),
        token => ident(Some(&token)).as_deref() == Some(name),
    })
}

#[derive(Default)]
struct Bodies {
    depth: usize,
    cfgs: usize,
}

impl<'ast> Visit<'ast> for Bodies {
    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.depth += 1;
        visit::visit_block(self, block);
        self.depth -= 1;
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            let is_cfg = list.path.is_ident("cfg") || list.path.is_ident("cfg_attr");
            let found = self.depth > 0 && is_cfg && names(list.tokens.clone(), "loom");
            self.cfgs += usize::from(found);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let asks = call.path.is_ident("cfg") && names(call.tokens.clone(), "loom");
        let found = self.depth > 0 && (asks || cfgs_of_loom(call.tokens.clone()) > 0);
        self.cfgs += usize::from(found);
    }
}

/// clippy asks for `// SAFETY:` at every `unsafe`, as long as it is let.
fn undocumented_unsafe_let_through(manifest: &str, sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut clippy = manifest
        .lines()
        .skip_while(|line| line.trim() != "[lints.clippy]");
    let asked = clippy.any(|line| {
        let mut setting = line.split('=').map(str::trim);
        setting.next() == Some("undocumented_unsafe_blocks")
            && setting.next().is_some_and(|level| level != "\"allow\"")
    });
    if !asked {
        complaints.push("Cargo.toml does not ask for undocumented_unsafe_blocks".into());
    }
    for source in sources {
        let excuses = |path: &[String]| path.iter().any(|it| it == "undocumented_unsafe_blocks");
        complaints.extend(complaints_about_paths(source, excuses, "is excused"));
    }
    complaints
}

/// A lesson rests between its versions' operations, never in one: nobody sleeps
/// while holding a lock.
fn rests(source: &Source) -> Vec<String> {
    if !source.is_version() {
        return Vec::new();
    }
    let is_rest = |path: &[String]| {
        starts_with(path, &["crate", "sync"]) && path.last().is_some_and(|name| name == "rest")
    };
    let mut complaints = complaints_about_paths(source, is_rest, "is for the scenes");
    if calls(source.tokens(), "rest") {
        complaints.push(format!("{}: rests", source.path));
    }
    complaints
}

fn calls(tokens: TokenStream, name: &str) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    (0..tokens.len()).any(|at| match &tokens[at] {
        TokenTree::Group(group) => calls(group.stream(), name),
        token => {
            let parentheses = matches!(tokens.get(at + 1), Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Parenthesis);
            parentheses && ident(Some(token)).as_deref() == Some(name)
        }
    })
}

/// Every public type among the versions that implements a trait of the lesson is
/// named in the lesson's room, outside its imports.
fn left_out(lesson: &Source, versions: &[&Source]) -> Vec<String> {
    let room = lesson.syntax();
    let mut traits = BTreeSet::new();
    let mut said = Said::default();
    for item in &room.items {
        if let syn::Item::Trait(it) = item {
            traits.insert(it.ident.to_string());
        }
        said.visit_item(item);
    }
    let mut complaints = Vec::new();
    for source in versions {
        let file = source.syntax();
        let public = file.items.iter().filter_map(|item| match item {
            syn::Item::Struct(it) => Some((&it.vis, &it.ident)),
            syn::Item::Enum(it) => Some((&it.vis, &it.ident)),
            _ => None,
        });
        for (visibility, name) in public {
            let name = name.to_string();
            let implements = file.items.iter().any(|item| match item {
                syn::Item::Impl(it) => {
                    let of = it.trait_.as_ref().and_then(|(path, _)| last_name(path));
                    of.is_some_and(|of| traits.contains(&of))
                        && type_name(it).as_ref() == Some(&name)
                }
                _ => false,
            });
            let is_public = matches!(visibility, syn::Visibility::Public(_));
            if is_public && implements && !said.types.contains(&name) {
                complaints.push(format!("{}: {name} is no version", source.path));
            }
        }
    }
    complaints
}

fn last_name(path: &syn::Path) -> Option<String> {
    path.segments.last().map(|last| last.ident.to_string())
}

fn type_name(of: &syn::ItemImpl) -> Option<String> {
    match &*of.self_ty {
        syn::Type::Path(it) => last_name(&it.path),
        _ => None,
    }
}

/// The names that paths in types and expressions end with; imports have none.
#[derive(Default)]
struct Said {
    types: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Said {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.types.extend(last_name(path));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let mut found = Vec::new();
        collect_paths(call.tokens.clone(), &[], &[], &mut found);
        self.types.extend(found.into_iter().flatten());
    }
}

/// What stands at the top of the repository.
fn stray(top: &BTreeSet<String>) -> Vec<String> {
    const HOUSE: [&str; 14] = [
        ".cargo",
        ".ci",
        ".gitignore",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "benches",
        "loom-tests",
        "src",
        "tests",
    ];
    let stray = top.iter().filter(|name| !HOUSE.contains(&name.as_str()));
    stray.cloned().collect()
}

/// Every `shown_by: "module::function"` names a function in that test module.
fn shown_by_nothing(lesson: &Source, tests: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut shown = ShownBy::default();
    shown.visit_file(&lesson.syntax());
    let known = |it: &String| {
        it.split_once("::").is_some_and(|(module, function)| {
            let function = function.rsplit("::").next().unwrap_or(function);
            tests.get(module).is_some_and(|all| all.contains(function))
        })
    };
    let unknown = shown.tests.iter().filter(|it| !known(it));
    unknown
        .map(|it| format!("{}: no test is called {it}", lesson.path))
        .collect()
}

#[derive(Default)]
struct ShownBy {
    tests: Vec<String>,
}

impl<'ast> Visit<'ast> for ShownBy {
    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if let syn::Member::Named(name) = &field.member
            && name == "shown_by"
            && let syn::Expr::Lit(value) = &field.expr
            && let syn::Lit::Str(test) = &value.lit
        {
            self.tests.push(test.value());
        }
        visit::visit_field_value(self, field);
    }
}

/// Every function in the test modules, by module; `proptest!` has them too.
fn test_functions(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let mut tests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources.iter().filter(|it| !it.path.starts_with("src/")) {
        if let Some(module) = source.module().get(1) {
            let functions = tests.entry(module.clone()).or_default();
            collect_functions(source.tokens(), functions);
        }
    }
    tests
}

fn collect_functions(tokens: TokenStream, functions: &mut BTreeSet<String>) {
    let mut after_fn = false;
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            collect_functions(group.stream(), functions);
        }
        let name = ident(Some(&token));
        if after_fn {
            functions.extend(name.clone());
        }
        after_fn = name.as_deref() == Some("fn");
    }
}

// --- The house --------------------------------------------------------------

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for top in ["src", "tests", "loom-tests"] {
        walk(&Path::new(ROOT).join(top), &mut found);
    }
    assert!(found.len() > 20, "this is not where the house stands");
    found
}

fn walk(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("target") {
            continue; // the stranger's, if somebody has tested it where it stands
        } else if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let inside: Vec<_> = path.strip_prefix(ROOT).unwrap().iter().collect();
            let inside: Vec<_> = inside.iter().map(|name| name.to_str().unwrap()).collect();
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source::new(&inside.join("/"), &text));
        }
    }
}

fn lessons(sources: &[Source]) -> BTreeSet<&str> {
    sources.iter().filter_map(Source::lesson).collect()
}

#[track_caller]
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn lessons_use_only_the_switch() {
    assert_none(sources().iter().flat_map(another_world).collect());
}

#[test]
fn lessons_import_no_other_lesson() {
    let sources = sources();
    let lessons = lessons(&sources);
    assert_none(
        sources
            .iter()
            .flat_map(|source| another_lesson(source, &lessons))
            .collect(),
    );
}

#[test]
fn layers_import_only_what_they_may() {
    assert_none(sources().iter().flat_map(another_layer).collect());
}

#[test]
fn cfg_loom_stands_only_where_it_may() {
    assert_none(sources().iter().flat_map(cfg_out_of_place).collect());
}

#[test]
fn undocumented_unsafe_is_not_let_through() {
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    assert_none(undocumented_unsafe_let_through(&manifest, &sources()));
}

#[test]
fn no_lesson_rests_in_a_version() {
    assert_none(sources().iter().flat_map(rests).collect());
}

#[test]
fn no_version_is_left_out() {
    let sources = sources();
    for lesson in lessons(&sources) {
        let room = format!("src/lessons/{lesson}/mod.rs");
        let room = sources.iter().find(|source| source.path == room).unwrap();
        let versions = sources
            .iter()
            .filter(|source| source.is_version() && source.lesson() == Some(lesson));
        assert_none(left_out(room, &versions.collect::<Vec<_>>()));
    }
}

#[test]
fn every_fault_is_shown_by_a_test() {
    let sources = sources();
    let tests = test_functions(&sources);
    let lessons = sources.iter().filter(|source| source.lesson().is_some());
    assert_none(
        lessons
            .flat_map(|lesson| shown_by_nothing(lesson, &tests))
            .collect(),
    );
}

#[test]
fn nothing_strays_at_the_top() {
    let git = Command::new("git")
        .args(["-C", ROOT, "ls-files"])
        .output()
        .ok()
        .filter(|git| git.status.success() && !git.stdout.is_empty());
    let top: BTreeSet<String> = match git {
        Some(git) => String::from_utf8(git.stdout)
            .unwrap()
            .lines()
            .filter_map(|path| path.split('/').next().map(String::from))
            .collect(),
        None => fs::read_dir(ROOT)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| ![".git", "target"].contains(&name.as_str()))
            .collect(),
    };
    assert!(top.contains("Cargo.toml"));
    assert_none(stray(&top));
}

// --- The checks can fail ----------------------------------------------------

const MANY: [&str; 3] = ["bounded_queue", "bread_queue", "join"];

#[test]
fn another_world_is_noticed() {
    for code in [
        "use std::sync::Mutex;",
        "use std::{fmt, sync::{Arc, Mutex}};",
        "use ::std::thread;",
        "use std::*;",
        "fn f() { std::thread::yield_now() }",
        "fn f() { assert!(std::hint::black_box(true)) }",
        "use std::cell::{Cell, UnsafeCell};",
        "use loom::sync::Mutex;",
        "type It = loom::sync::Arc<()>;",
        "use std as it; fn f() { g as std::thread::Id }",
        "fn f() { <T as ::std::thread::It>::g() }",
        "macro_rules! m { () => { core::sync::atomic::fence() } }",
    ] {
        let lesson = Source::new("src/lessons/join/right.rs", code);
        assert!(!another_world(&lesson).is_empty(), "{code}");
        let elsewhere = Source::new("src/sync/ordinary.rs", code);
        assert!(another_world(&elsewhere).is_empty(), "{code}");
    }
    for code in [
        "//! Not `std::sync::Mutex`.\n/// Nor `loom`.\n/* std::thread */ fn f() {}",
        "fn f() -> &'static str { \"std::thread\" }",
        "use crate::sync::{self, thread, Mutex}; use std::collections::HashSet;",
        "use std::cell::Cell;",
    ] {
        let lesson = Source::new("src/lessons/join/mod.rs", code);
        assert_none(another_world(&lesson));
    }
}

#[test]
fn another_lesson_is_noticed() {
    let many = BTreeSet::from(MANY);
    let complain =
        |path: &str, code: &str| !another_lesson(&Source::new(path, code), &many).is_empty();
    for (path, code) in [
        ("mod.rs", "use crate::lessons::bread_queue::right;"),
        (
            "mod.rs",
            "use crate::{sync::Mutex, lessons::{Lesson, bread_queue}};",
        ),
        ("mod.rs", "use super::bounded_queue as queue;"),
        ("mod.rs", "use super::*;"),
        ("right.rs", "use super::super::bounded_queue::right::Ring;"),
        (
            "right.rs",
            "mod inner { use super::super::super::bread_queue; }",
        ),
        (
            "right.rs",
            "fn f() { crate::lessons::bounded_queue::lesson(); }",
        ),
        (
            "wrong.rs",
            "use crate::lessons; fn f() { lessons::bread_queue::lesson(); }",
        ),
    ] {
        assert!(
            complain(&format!("src/lessons/join/{path}"), code),
            "{code}"
        );
    }
    for (path, code) in [
        ("join/mod.rs", "use super::{Lesson, Scene}; use right::*;"),
        (
            "join/right.rs",
            "use super::*; use crate::lessons::join::Sum;",
        ),
        (
            "bread_queue/right.rs",
            "use crate::lessons::bounded_queue::right::Ring;",
        ),
        ("process_pool/mod.rs", "use super::bounded_queue;"),
    ] {
        assert!(!complain(&format!("src/lessons/{path}"), code), "{code}");
    }
    assert!(!complain("src/cli.rs", "use crate::lessons::join;"));
    assert!(complain(
        "src/lessons/bounded_queue/mod.rs",
        "use super::bread_queue;"
    ));
}

#[test]
fn another_layer_is_noticed() {
    for (path, code) in [
        ("src/draw.rs", "use crate::sync::Arc;"),
        ("src/draw/story.rs", "use super::super::lessons::Lesson;"),
        (
            "src/draw.rs",
            "use crate::{explorer::report, cli::Options};",
        ),
        ("src/explorer.rs", "use crate::lessons;"),
        ("src/check.rs", "use crate::lessons::Scene;"),
        (
            "src/explorer/engine.rs",
            "use super::super::lessons::Scene;",
        ),
    ] {
        assert!(
            !another_layer(&Source::new(path, code)).is_empty(),
            "{code}"
        );
    }
    for (path, code) in [
        (
            "src/draw.rs",
            "use crate::explorer::report::Story; mod sync {}",
        ),
        ("src/explorer/engine.rs", "use crate::sync::model;"),
        ("src/cli.rs", "use crate::lessons;"),
        ("src/check.rs", "use crate::{draw, explorer::explore};"),
    ] {
        assert_none(another_layer(&Source::new(path, code)));
    }
}

#[test]
fn cfg_out_of_place_is_noticed() {
    for (path, code) in [
        ("src/cli.rs", "#[cfg(loom)] mod a;"),
        ("src/cli.rs", "const LOOM: bool = cfg!(loom);"),
        ("src/draw.rs", "#[cfg(all(not(loom), test))] mod a {}"),
        (
            "src/lessons/join/right.rs",
            "#[cfg_attr(loom, expect(dead_code))] fn f() {}",
        ),
        ("src/explorer/engine.rs", "#[cfg(loom)] mod a;"),
        ("src/synchrony.rs", "#[cfg(loom)] mod a;"),
        ("src/sync.rs", "fn f() { #[cfg(loom)] g(); }"),
        (
            "src/sync/stage.rs",
            "impl S { fn f() { if cfg!(loom) { g() } } }",
        ),
        (
            "src/explorer.rs",
            "fn f() { if true { m!({ #[cfg(not(loom))] g() }) } }",
        ),
        ("tests/main.rs", "mod a;"),
        ("tests/main.rs", "#![cfg(loom)]"),
        ("tests/main.rs", "#![cfg(not(loom))]\n#[cfg(loom)] mod a;"),
        ("loom-tests/main.rs", "mod a;\n#[cfg(loom)] mod b;"),
        ("tests/join.rs", "#![cfg(not(loom))]"),
    ] {
        assert!(
            !cfg_out_of_place(&Source::new(path, code)).is_empty(),
            "{path}: {code}"
        );
    }
    for (path, code) in [
        (
            "src/sync.rs",
            "#[cfg(loom)] mod model; #[cfg(not(loom))] use a as b;",
        ),
        (
            "src/sync/stage.rs",
            "#[cfg_attr(loom, expect(dead_code))] fn f() {}",
        ),
        ("src/explorer.rs", "#[cfg(loom)] mod door;"),
        ("tests/main.rs", "//! Tests.\n#![cfg(not(loom))]\n\nmod a;"),
        ("loom-tests/main.rs", "#![cfg(loom)]"),
        (
            "src/cli.rs",
            "/// `#[cfg(loom)]`\nfn f() { g(\"cfg(loom)\"); loom(cfg); }",
        ),
        ("src/cli.rs", "#[cfg(test)] mod tests {}"),
    ] {
        assert_none(cfg_out_of_place(&Source::new(path, code)));
    }
}

#[test]
fn undocumented_unsafe_let_through_is_noticed() {
    let asked = "[lints.clippy]\nundocumented_unsafe_blocks = \"warn\"\n";
    let let_through = |manifest, code| {
        !undocumented_unsafe_let_through(manifest, &[Source::new("src/a.rs", code)]).is_empty()
    };
    assert!(!let_through(asked, "fn f() {}"));
    assert!(let_through(
        asked,
        "#![allow(clippy::undocumented_unsafe_blocks)]"
    ));
    assert!(let_through("[lints.clippy]\n", ""));
    assert!(let_through(
        "[lints.clippy]\nundocumented_unsafe_blocks = \"allow\"",
        ""
    ));
    assert!(let_through(
        "[lints.rust]\n# undocumented_unsafe_blocks = \"warn\"",
        ""
    ));
}

#[test]
fn a_rest_in_a_version_is_noticed() {
    for code in [
        "fn f() { rest(); }",
        "fn f() { let left = self.lock(); crate::sync::rest() }",
        "use crate::sync::{Mutex, rest as pause};",
    ] {
        for path in ["right.rs", "wrong.rs", "right/ring.rs"] {
            let version = Source::new(&format!("src/lessons/join/{path}"), code);
            assert!(!rests(&version).is_empty(), "{code}");
        }
        assert_none(rests(&Source::new("src/lessons/join/mod.rs", code)));
    }
    let version = "fn f() { let (first, rest) = two(); g(rest) } // rest()";
    assert_none(rests(&Source::new("src/lessons/join/right.rs", version)));
}

#[test]
fn a_version_left_out_is_noticed() {
    let room = Source::new(
        "src/lessons/join/mod.rs",
        "use right::{Said, Unsaid}; pub trait Sum {} \
         fn lesson() { use wrong::Unsaid; vec![Version::right::<right::Said<u8>>()]; }",
    );
    let left_out = |code| left_out(&room, &[&Source::new("src/lessons/join/right.rs", code)]).len();
    assert_eq!(
        left_out("pub struct Said<T>(T); impl Sum for Said<u8> {}"),
        0
    );
    assert_eq!(
        left_out("pub struct Unsaid; impl super::Sum for Unsaid {}"),
        1
    );
    assert_eq!(left_out("pub enum Unsaid {} impl<T> Sum for Unsaid {}"), 1);
    assert_eq!(left_out("struct Unsaid; impl Sum for Unsaid {}"), 0);
    assert_eq!(left_out("pub struct Unsaid; impl Drop for Unsaid {}"), 0);
}

#[test]
fn a_stray_file_is_noticed() {
    let top = |name: &str| BTreeSet::from(["Cargo.toml".to_owned(), name.to_owned()]);
    assert_none(stray(&top("src")));
    assert_eq!(stray(&top("notes.txt")), ["notes.txt"]);
}

#[test]
fn a_fault_shown_by_nothing_is_noticed() {
    let tests = test_functions(&[
        Source::new("tests/join.rs", "#[test] fn it_holds() {} // fn ghost() {}"),
        Source::new(
            "loom-tests/office.rs",
            "proptest! { #[test] fn holds(a in 0..1) {} }",
        ),
        Source::new("src/join.rs", "fn elsewhere() {}"),
    ]);
    let shown = |by: &str| {
        let code = format!("fn lesson() {{ F {{ faults: &[Fault {{ shown_by: \"{by}\" }}] }}; }}");
        shown_by_nothing(&Source::new("src/lessons/join/mod.rs", &code), &tests).is_empty()
    };
    assert!(shown("join::it_holds"));
    assert!(shown("office::holds"));
    assert!(!shown("join::holds"));
    assert!(!shown("join::ghost"));
    assert!(!shown("join::elsewhere"));
    assert!(!shown("cli::it_holds"));
    assert!(!shown("it_holds"));
}

/// Documents with teeth: what README shows is what there is.
mod readme {
    use racecourse::lessons;

    const README: &str = include_str!("../README.md");

    #[test]
    fn its_first_picture_is_a_committed_story() {
        let office = lessons::ticket_office::lesson();
        let version = office
            .versions
            .iter()
            .find(|version| version.name == "check-then-act");
        let story = version.unwrap().mistake.unwrap().story;
        assert!(README.contains(&format!("```text\n{story}```")));
    }

    #[test]
    fn its_table_has_every_lesson_and_version() {
        for lesson in lessons::all() {
            let row = README
                .lines()
                .find(|line| line.starts_with(&format!("| `{}` |", lesson.name)));
            let cells: Vec<_> = row.expect(lesson.name).split('|').map(str::trim).collect();
            let names = |right: bool| {
                let such = lesson
                    .versions
                    .iter()
                    .filter(|version| version.is_right() == right);
                let names: Vec<_> = such.map(|version| format!("`{}`", version.name)).collect();
                names.join(", ")
            };
            assert_eq!(
                (cells[3], cells[4]),
                (&*names(true), &*names(false)),
                "{}",
                lesson.name
            );
            let from = lesson
                .seed
                .lesson
                .map_or(String::new(), |seed| format!("lesson {seed}"));
            assert_eq!(cells[5], from, "{}", lesson.name);
        }
    }

    /// `UPDATE_README=1` writes it.
    #[test]
    fn it_says_which_of_the_tutorials_faults_each_lesson_mends() {
        const MARK: &str = "<!-- faults -->\n";
        let mut list = String::new();
        for lesson in lessons::all() {
            let Some(seed) = lesson.seed.lesson else {
                continue;
            };
            list += &format!("- `{}`, lesson {seed}:\n", lesson.name);
            for fault in lesson.seed.faults {
                list += &format!("  - {}\n", fault.what);
            }
        }
        let parts: Vec<&str> = README.split(MARK).collect();
        let [before, there, after] = parts[..] else {
            panic!("README has {} marks", parts.len() - 1);
        };
        if std::env::var_os("UPDATE_README").is_some() {
            let new = [before, &list, after].join(MARK);
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), new).unwrap();
        } else {
            assert_eq!(there, list);
        }
    }

    /// What it fails like is compared where it is explored: loom-tests/strangers.rs.
    #[test]
    fn its_example_of_ones_own_code_is_a_test_of_the_strangers() {
        let tests = include_str!("stranger/tests/permits.rs");
        let (_, example) = README.split_once("```rust\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let (uses, test) = example.split_once("\n\n").unwrap();
        assert!(tests.contains(uses), "{uses}");
        assert!(tests.contains(test), "{test}");
    }

    #[test]
    fn it_names_the_commands_that_must_always_work() {
        for command in [
            "$ cargo race\n",
            "$ cargo test ",
            "$ RUSTFLAGS=\"--cfg loom\" cargo test ",
        ] {
            assert!(README.contains(command), "{command}");
        }
    }
}
