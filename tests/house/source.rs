//! The project's source files, and the paths that their code names.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::fs;
use std::mem::take;
use std::path::Path;

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One source file, by its path from the project's root.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// `["src", "sync", "Mutex"]` for `crate::sync::Mutex`.
pub type Names = Vec<String>;

impl Source {
    /// A made-up file, in a line: `path: code`, where `⏎` stands for a line break.
    pub fn made_up(line: &str) -> Self {
        let (path, code) = line.split_once(": ").expect("path: code");
        Self {
            path: path.to_owned(),
            text: code.replace('⏎', "\n"),
        }
    }

    /// Every source file but those of the stranger's crate.
    pub fn all() -> Vec<Self> {
        let mut found = Vec::new();
        for top in ["src", "tests", "loom-tests"] {
            walk(&Path::new(ROOT).join(top), &mut found);
        }
        assert!(found.len() > 20, "this is not where the house stands");
        found
    }

    /// The module that the file defines: `["src", "lessons", "join"]`.
    pub fn module(&self) -> Names {
        let names = self.path.trim_end_matches(".rs").split('/');
        let names = names.filter(|name| !["mod", "lib", "main"].contains(name));
        names.map(String::from).collect()
    }

    /// The lesson it belongs to: `join`.
    pub fn lesson(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/lessons/")?;
        inside.split_once('/').map(|(lesson, _)| lesson)
    }

    /// Whether it is of a lesson's correct or wrong versions.
    pub fn is_version(&self) -> bool {
        let part = self.path.split('/').nth(3).unwrap_or_default();
        self.lesson().is_some() && ["right", "wrong"].contains(&part.trim_end_matches(".rs"))
    }

    /// The same file without its `mod tests`, which comes last: clippy sees to that.
    pub fn without_tests(&self) -> Self {
        let code = self.text.split("#[cfg(test)]\nmod tests {").next();
        Self {
            path: self.path.clone(),
            text: code.unwrap_or_default().to_owned(),
        }
    }

    /// Every path that the code names, in `use`, elsewhere and in macros, with `crate`,
    /// `self` and `super` resolved. Comments and strings are not code.
    pub fn paths(&self) -> Vec<Names> {
        let tokens = self.text.parse();
        let mut words = Vec::new();
        let path = &self.path;
        flatten(
            tokens.unwrap_or_else(|error| panic!("{path}: {error}")),
            &mut words,
        );
        // The module in which we are, and the path before the brace of a `use`.
        let mut inside = vec![(self.module(), Names::new())];
        let mut found = Vec::new();
        let mut path = Names::new();
        for (at, word) in words.iter().enumerate() {
            let (module, prefix) = inside.last().expect("brackets match").clone();
            let goes_on = !path.is_empty() && words[at - 1] == "::";
            match word.as_str() {
                "::" => {}
                "{" if goes_on => inside.push((module, take(&mut path))),
                "super" if goes_on => drop(path.pop()),
                word if goes_on && (word == "*" || is_name(word)) => path.push(word.into()),
                word => {
                    found.push(take(&mut path));
                    match word {
                        "{" if at > 1 && words[at - 2] == "mod" => {
                            let name = words[at - 1].clone();
                            inside.push(([module, vec![name]].concat(), Names::new()));
                        }
                        "{" => inside.push((module, Names::new())),
                        "}" => drop(inside.pop()),
                        // `::std` is a path of its own.
                        "use" | "as" | "impl" | "dyn" | "for" | "mut" | "return" => {}
                        // `self` may be a value, and `pub(super)` is no path.
                        "crate" | "self" | "super"
                            if prefix.is_empty()
                                && words.get(at + 1).is_none_or(|it| it != "::") => {}
                        "crate" if prefix.is_empty() => path = module[..1].to_vec(),
                        "racecourse" if prefix.is_empty() => path = vec!["src".into()],
                        "super" if prefix.is_empty() => path = module[..module.len() - 1].to_vec(),
                        "self" if prefix.is_empty() => path = module,
                        "self" => path = prefix,
                        word if is_name(word) => path = [prefix, vec![word.into()]].concat(),
                        _ => {}
                    }
                }
            }
        }
        found.push(path);
        found.retain(|path| !path.is_empty());
        found
    }
}

fn walk(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("stranger") && !path.ends_with("submissions") {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(ROOT).unwrap().to_str().unwrap();
            let path = path.replace('\\', "/");
            found.push(Source { path, text });
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, marks and brackets, one after the other; every bracket is a brace.
fn flatten(tokens: TokenStream, words: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let stream = group.stream();
                // `pub(in path)` takes nothing from there.
                let is_visibility = stream.to_string().starts_with("in ");
                if group.delimiter() != Delimiter::Parenthesis || !is_visibility {
                    words.push("{".into());
                    flatten(stream, words);
                    words.push("}".into());
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && mark.spacing() == Spacing::Joint => {
                tokens.next();
                words.push("::".into());
            }
            TokenTree::Literal(_) => words.push("\"".into()),
            token => words.push(token.to_string().trim_start_matches("r#").into()),
        }
    }
}
