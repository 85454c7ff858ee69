//! Finds what a scene uses of std although the model cannot see it. The source files are
//! read only when an exploration has stopped or failed, and the result is a likely cause,
//! never a reason to refuse a scene.

use crate::engine::source::path_of;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// How many uses are named at most.
const MOST: usize = 3;

/// What marks an item that the model build has not.
const STD_BUILD: &str = concat!("[cfg", "(not(loom))]");

/// What [`crate::sync`] has too, by std's names.
const INSTEAD: &str = "sync::Mutex sync::RwLock sync::Condvar sync::Barrier sync::Once \
     sync::OnceLock sync::LazyLock sync::atomic::AtomicBool \
     sync::atomic::AtomicI8 sync::atomic::AtomicI16 sync::atomic::AtomicI32 \
     sync::atomic::AtomicI64 sync::atomic::AtomicIsize sync::atomic::AtomicU8 \
     sync::atomic::AtomicU16 sync::atomic::AtomicU32 sync::atomic::AtomicU64 \
     sync::atomic::AtomicUsize sync::atomic::AtomicPtr sync::atomic::fence \
     sync::mpsc::channel sync::mpsc::sync_channel sync::mpsc::Sender sync::mpsc::SyncSender \
     sync::mpsc::Receiver thread::Builder thread::current thread::park thread::park_timeout \
     thread::scope thread::sleep thread::spawn thread::yield_now hint::spin_loop";

/// What in these files, or else beside the first of them, the model cannot see.
pub(super) fn likely_cause<'a>(files: impl Iterator<Item = &'a str>) -> Option<String> {
    let src = Path::new(file!()).ancestors().nth(2)?;
    let is_ours =
        |file: &str| ["engine", "sync"].map(|it| Path::new(file).starts_with(src.join(it)));
    let mut known: Vec<(String, PathBuf)> = Vec::new();
    for file in files {
        if !is_ours(file).contains(&true)
            && !known.iter().any(|(name, _)| name == file)
            && let Some(path) = path_of(file)
        {
            known.push((file.to_owned(), path));
        }
    }
    let (name, first) = known.first()?.clone();
    let mut uses = uses_in(known);
    if uses.is_empty() {
        let (folder, prefix) = folder_of(&first, &name)?;
        let is_own = path_of(file!()).is_some_and(|own| own.starts_with(&folder));
        let mut files = Vec::new();
        if !is_own {
            all_in(&folder, &prefix, &mut files);
        }
        // Which of them the scene runs is not known: one use in each.
        let first_use = |file| uses_in(vec![file]).into_iter().next();
        uses = files.into_iter().filter_map(first_use).collect();
    }
    let uses: Vec<String> = uses.into_iter().take(MOST).collect();
    (!uses.is_empty()).then(|| format!("likely cause: {}", uses.join(". ")))
}

/// The folder of a file in `src`; for another file, such as a test, the package's `src`. And
/// what to call that folder.
fn folder_of(file: &Path, name: &str) -> Option<(PathBuf, PathBuf)> {
    let folders = file
        .ancestors()
        .skip(1)
        .zip(Path::new(name).ancestors().skip(1));
    if Path::new(name)
        .components()
        .any(|part| part.as_os_str() == "src")
    {
        let (folder, name) = { folders }.next()?;
        return Some((folder.to_owned(), name.to_owned()));
    }
    let (package, name) = { folders }.find(|(folder, _)| folder.join("Cargo.toml").is_file())?;
    Some((package.join("src"), name.join("src")))
}

/// All source files in that folder.
fn all_in(folder: &Path, name: &Path, files: &mut Vec<(String, PathBuf)>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let entries: BTreeSet<PathBuf> = entries.map(|entry| entry.path()).collect();
    for path in entries {
        let name = name.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            all_in(&path, &name, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push((name.to_string_lossy().into_owned(), path));
        }
    }
}

fn uses_in(files: Vec<(String, PathBuf)>) -> Vec<String> {
    let uses = files.into_iter().flat_map(|(name, path)| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let uses = uses(&text).into_iter();
        let tell = move |(line, what): (usize, String)| {
            let instead = match INSTEAD.split(' ').any(|it| it == what) {
                true => format!(
                    "use racecourse::sync::{}",
                    what.trim_start_matches("sync::")
                ),
                false => "racecourse::sync does not have it".to_owned(),
            };
            format!("{name}:{line} uses std::{what}, which the model cannot see; {instead}")
        };
        uses.map(tell)
    });
    uses.collect()
}

/// What source text uses, and in which line first: `sync::Mutex`.
fn uses(text: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    if let Ok(tokens) = text.parse::<TokenStream>() {
        paths(tokens, &[], false, &mut named);
    }
    proc_macro2::extra::invalidate_current_thread_spans();
    // The modules that `use` brings in; not if several have one name.
    let mut modules = BTreeMap::<&str, BTreeSet<&[String]>>::new();
    for named in named.iter().filter(|named| named.is_use) {
        modules
            .entry(&named.as_name)
            .or_default()
            .insert(&named.path);
    }
    let mut found = BTreeMap::new();
    for Named { path, line, .. } in &named {
        let module = modules.get(&*path[0]).filter(|those| those.len() == 1);
        let module = module.and_then(|those| those.first());
        let full = match module {
            Some(module) if path.len() > 1 => [module, &path[1..]].concat(),
            _ => path.clone(),
        };
        if let Some(what) = unseen(&full) {
            found.entry(what).or_insert(*line);
        }
    }
    let mut found: Vec<_> = found.into_iter().map(|(what, line)| (line, what)).collect();
    found.sort();
    found
}

/// `sync::Mutex` for `std::sync::Mutex::new`, if the model cannot see it.
fn unseen(path: &[String]) -> Option<String> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let [root, path @ ..] = &path[..] else {
        return None;
    };
    let length = match path {
        ["sync", "atomic", "Ordering", ..] => return None,
        ["sync", "mpsc", error, ..] if error.ends_with("Error") => return None,
        ["sync", "atomic" | "mpsc", _, ..] => 3,
        [
            "sync",
            "Mutex" | "RwLock" | "Condvar" | "Barrier" | "Once",
            ..,
        ]
        | ["sync", "OnceLock" | "LazyLock" | "*", ..]
        | [
            "thread",
            "spawn" | "scope" | "Builder" | "sleep" | "current" | "*",
            ..,
        ]
        | ["thread", "park" | "park_timeout" | "yield_now", ..]
        | ["hint", "spin_loop" | "*", ..] => 2,
        _ => return None,
    };
    ["std", "core"]
        .contains(root)
        .then(|| path[..length].join("::"))
}

/// A path in source text.
struct Named {
    path: Vec<String>,
    line: usize,
    /// Whether it stands in a `use`, which calls it so from then on.
    is_use: bool,
    as_name: String,
}

/// All paths in these tokens. `prefix`: what stands before the braces of a `use`.
fn paths(tokens: TokenStream, prefix: &[String], mut is_use: bool, found: &mut Vec<Named>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "use" => is_use = true,
            TokenTree::Ident(word) => {
                let mut path = prefix.to_vec();
                let line = word.span().start().line;
                if word != "self" {
                    path.push(word.to_string());
                }
                let mut is_prefix = false;
                while tokens.next_if(is_joint_colon).is_some() {
                    tokens.next();
                    match tokens.peek() {
                        Some(TokenTree::Ident(word)) => path.push(word.to_string()),
                        Some(TokenTree::Punct(mark)) if mark.as_char() == '*' => {
                            path.push("*".to_owned());
                        }
                        Some(TokenTree::Group(group)) if is_use => {
                            paths(group.stream(), &path, true, found);
                            is_prefix = true;
                        }
                        _ => break,
                    }
                    tokens.next();
                }
                let is_as = |token: &TokenTree| matches!(token, TokenTree::Ident(it) if it == "as");
                let mut as_name = path.last().cloned().unwrap_or_default();
                if is_use
                    && tokens.next_if(is_as).is_some()
                    && let Some(name) = tokens.next()
                {
                    as_name = name.to_string();
                }
                if !is_prefix && !path.is_empty() {
                    found.push(Named {
                        path,
                        line,
                        is_use,
                        as_name,
                    });
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => is_use = false,
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                let attribute = tokens.next().map(|it| it.to_string()).unwrap_or_default();
                let words: String = attribute.split_whitespace().collect();
                if words == STD_BUILD {
                    // To the end of the item.
                    let mut after_colon = false;
                    for token in tokens.by_ref() {
                        match &token {
                            TokenTree::Punct(mark) if mark.as_char() == ';' => break,
                            TokenTree::Group(group)
                                if group.delimiter() == Delimiter::Brace && !after_colon =>
                            {
                                break;
                            }
                            _ => {}
                        }
                        after_colon =
                            matches!(&token, TokenTree::Punct(mark) if mark.as_char() == ':');
                    }
                }
            }
            TokenTree::Group(group) => paths(group.stream(), &[], false, found),
            _ => {}
        }
    }
}

/// The first half of `::`.
fn is_joint_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':' && mark.spacing() == Spacing::Joint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        let uses = uses(text).into_iter();
        let uses: Vec<_> = uses.map(|(line, what)| format!("{line} {what}")).collect();
        uses.join(", ")
    }

    #[test]
    fn a_use_is_found_however_it_is_written() {
        for (text, expected) in [
            ("use std::sync::Mutex;", "1 sync::Mutex"),
            ("\n\nuse ::std::sync::{Arc,\n Mutex};", "4 sync::Mutex"),
            (
                "use std::{fmt, sync::{self, mpsc::channel}, thread};\nfn f() { thread::spawn(g) }",
                "1 sync::mpsc::channel, 2 thread::spawn",
            ),
            (
                "use std::sync as s;\nfn f() { s::RwLock::new(0) }",
                "2 sync::RwLock",
            ),
            (
                "use std::sync::{self};\nstatic A: sync::Once = B;",
                "2 sync::Once",
            ),
            ("fn f() { std::hint::spin_loop() }", "1 hint::spin_loop"),
            (
                "fn f() {\n m![core::sync::atomic::AtomicU8::new(1)] }",
                "2 sync::atomic::AtomicU8",
            ),
            (
                "use std::sync::Mutex as M; use std::sync::Mutex as N;",
                "1 sync::Mutex",
            ),
            ("use std::sync::atomic::*;", "1 sync::atomic::*"),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_the_model_can_do_with_or_without_is_not_found() {
        for text in [
            "// use std::sync::Mutex;\n/// std::thread::spawn\nfn f() { \"std::sync::Mutex\" }",
            "use std::sync::{Arc, Weak, PoisonError, LockResult, atomic::Ordering};",
            "use racecourse::sync::{Mutex, thread}; fn f() { thread::spawn(g) }",
            "use std::hint::black_box; fn f() { std::thread::panicking() }",
            "#STD\nuse std::sync::{Mutex, Condvar};\nuse a::Mutex;",
            "#STD mod a { use std::sync::Mutex; } fn f() {}",
            "use std::thread; mod a { use b::thread; fn f() { thread::spawn(g) } }",
            "this is { not Rust",
        ] {
            let text = text.replace("STD", STD_BUILD);
            assert_eq!(found(&text), "", "{text}");
        }
    }

    #[test]
    fn a_file_in_src_is_searched_beside_and_another_in_src() {
        let folder = |name: &str| folder_of(&path_of(name).unwrap(), name).unwrap().1;
        assert_eq!(folder("src/explorer/unseen.rs"), Path::new("src/explorer"));
        assert_eq!(folder("loom-tests/main.rs"), Path::new("src"));
        assert_eq!(
            folder("tests/stranger/tests/permits.rs"),
            Path::new("tests/stranger/src")
        );
    }
}
