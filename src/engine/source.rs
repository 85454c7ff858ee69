//! The source of a scene, which is read only when a story is told: what a line says, and
//! what the source calls an object.

use super::ids::At;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The text of each file that was read; nothing if it cannot be read.
static TEXTS: Mutex<Option<HashMap<String, Option<Arc<str>>>>> = Mutex::new(None);
/// The name of each object that was asked for. There are no more than lines that make one.
static NAMES: Mutex<Option<HashMap<Made, Option<&str>>>> = Mutex::new(None);

/// Where an object is made: file, line and column.
type Made = (&'static str, u32, u32);

/// Where a file is that the compiler calls by this name. The name begins at the root of the
/// workspace, and tests run in a package's folder.
pub(crate) fn path_of(file: &str) -> Option<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let start = [env::current_dir().ok(), package].into_iter().flatten();
    let mut folders = start.flat_map(|folder| {
        let folders = folder.ancestors().map(std::path::Path::to_path_buf);
        folders.collect::<Vec<_>>()
    });
    folders.find_map(|folder| Some(folder.join(file)).filter(|path| path.is_file()))
}

/// Whether a line is the engine's or std's: then one of the engine's functions was passed to
/// other code, which calls it from no line of the scene's.
pub(crate) fn is_own(at: At) -> bool {
    let folder = file!().trim_end_matches("source.rs");
    at.file().starts_with(folder) || at.file().starts_with("/rustc/")
}

/// What stands in that line, from 1, without what indents it.
pub(crate) fn line(file: &str, line: u32) -> Option<String> {
    let text = text(file)?;
    let line = text.lines().nth((line as usize).checked_sub(1)?)?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

fn text(file: &str) -> Option<Arc<str>> {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = texts.get_or_insert_default();
    if !texts.contains_key(file) {
        let text = path_of(file).and_then(|path| fs::read_to_string(path).ok());
        texts.insert(file.to_owned(), text.map(Arc::from));
    }
    texts.get(file).cloned().flatten()
}

/// What the source calls the object that is made there: the variable, the field or the
/// static that it is put into. `sender, receiver` if that is a pair.
pub(crate) fn name(at: At) -> Option<&'static str> {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    let made = (at.file(), at.line(), at.column());
    *names.entry(made).or_insert_with(|| {
        let name = name_in(&text(at.file())?, at.line(), at.column());
        Some(Box::leak(name?.into_boxed_str()))
    })
}

fn name_in(text: &str, line: u32, column: u32) -> Option<String> {
    let tokens: Option<TokenStream> = text.parse().ok();
    let place = (line as usize, column as usize - 1);
    let name = tokens.and_then(|tokens| search(tokens, place));
    proc_macro2::extra::invalidate_current_thread_spans();
    match name? {
        Named::As(name) => Some(name),
        Named::Outside(_) => None,
    }
}

/// What is known of the name of an expression.
enum Named {
    As(String),
    /// The whole of the group is what has the name: a call's arguments, an array. If it is
    /// one of a tuple: which.
    Outside(Option<usize>),
}

/// The name of the expression in these tokens that begins at that place.
fn search(tokens: TokenStream, place: (usize, usize)) -> Option<Named> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let start = |token: &TokenTree| {
        let start = token.span().start();
        (start.line, start.column)
    };
    let end = |token: &TokenTree| {
        let end = token.span().end();
        (end.line, end.column)
    };
    let at = tokens
        .iter()
        .position(|token| start(token) <= place && place < end(token))?;
    let element = match &tokens[at] {
        TokenTree::Group(group) if start(&tokens[at]) < place => {
            match search(group.stream(), place)? {
                Named::As(name) => return Some(Named::As(name)),
                Named::Outside(_)
                    if group.delimiter() == Delimiter::Brace && !is_unsafe(&tokens[..at]) =>
                {
                    return None;
                }
                // `(a, b)`, but not `f(a, b)`.
                Named::Outside(element) => {
                    let is_tuple = group.delimiter() == Delimiter::Parenthesis
                        && !at
                            .checked_sub(1)
                            .is_some_and(|before| is_callee(&tokens[before]));
                    element.filter(|_| is_tuple)
                }
            }
        }
        _ => None,
    };
    before(&tokens[..at], element)
}

/// Whether the braces behind these tokens are those of `unsafe { … }`, or of `const { … }`.
fn is_unsafe(tokens: &[TokenTree]) -> bool {
    let word = |word: &TokenTree| match word {
        TokenTree::Ident(word) => word == "unsafe" || word == "const",
        _ => false,
    };
    tokens.last().is_some_and(word)
}

/// Whether parentheses behind it are a call's.
fn is_callee(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word != "return" && word != "in",
        TokenTree::Punct(mark) => mark.as_char() == '>' || mark.as_char() == '!',
        _ => true,
    }
}

/// The name of an expression, by what stands before it in its group.
fn before(tokens: &[TokenTree], element: Option<usize>) -> Option<Named> {
    let mark = |at: usize| match tokens.get(at) {
        Some(TokenTree::Punct(mark)) => Some((mark.as_char(), mark.spacing())),
        _ => None,
    };
    let joins = |at: usize| {
        at.checked_sub(1)
            .and_then(mark)
            .is_some_and(|it| it.1 == Spacing::Joint)
    };
    for at in (0..tokens.len()).rev() {
        let Some((letter, spacing)) = mark(at) else {
            continue;
        };
        let is_alone = spacing == Spacing::Alone && !joins(at);
        match letter {
            '=' if is_alone => return pattern(&tokens[..at], element),
            ':' if is_alone => return word(tokens.get(at.checked_sub(1)?)?).map(Named::As),
            ',' => {
                let commas = (0..tokens.len()).filter(|&at| mark(at).is_some_and(|it| it.0 == ','));
                return Some(Named::Outside(Some(commas.count())));
            }
            ';' => return None,
            // `=>`
            '>' if joins(at)
                && at
                    .checked_sub(1)
                    .and_then(mark)
                    .is_some_and(|it| it.0 == '=') =>
            {
                return None;
            }
            _ => {}
        }
    }
    Some(Named::Outside(Some(0)))
}

/// The name that stands before `=`: `let mut a: A`, `static A: A`, `self.a`, `let (a, b)`.
fn pattern(tokens: &[TokenTree], element: Option<usize>) -> Option<Named> {
    let is = |token: &TokenTree, words: &[&str]| match token {
        TokenTree::Ident(word) => words.iter().any(|it| word == it),
        _ => false,
    };
    let keyword = |token: &TokenTree| is(token, &["let", "static", "const"]);
    let name = match tokens.iter().rposition(keyword) {
        Some(keyword) => {
            let mut pattern = tokens[keyword + 1..].iter();
            pattern.find(|token| !is(token, &["mut", "ref"]))?
        }
        // An assignment.
        None => tokens.last()?,
    };
    match name {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            let words: Vec<String> = group
                .stream()
                .into_iter()
                .filter(|token| !is(token, &["mut", "ref"]))
                .filter_map(|token| word(&token))
                .collect();
            match element {
                Some(element) => words.into_iter().nth(element),
                None => (words.len() == 2).then(|| words.join(", ")),
            }
            .map(Named::As)
        }
        name => word(name).map(Named::As),
    }
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) if word != "_" => Some(word.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of what is made where the text says `M`.
    fn named(text: &str) -> Option<String> {
        let line = text.lines().position(|line| line.contains('M'))?;
        let column = text.lines().nth(line)?.find('M')?;
        name_in(text, line as u32 + 1, column as u32 + 1)
    }

    #[test]
    fn an_object_is_called_what_the_source_calls_it() {
        for (text, name) in [
            ("fn f() { let next = M::new(0); }", "next"),
            (
                "fn f() {\n let mut next: A<B, C> =\n   M::new(0);\n}",
                "next",
            ),
            ("static NEXT: A = M::new(0);", "NEXT"),
            ("fn f() { S { a: 1, next: M::new(0), b: 2 } }", "next"),
            (
                "fn f() { S { a, next: Arc::new(Some(M::new(0))) } }",
                "next",
            ),
            (
                "fn f() { let next = Arc::new(M::new(Vec::new())); }",
                "next",
            ),
            ("fn f() { let all = [M::new(0), M::new(1)]; }", "all"),
            (
                "fn f() { let all: Vec<_> = (0..2).map(|_| M::new(0)).collect(); }",
                "all",
            ),
            ("fn f() { self.next = M::new(0); }", "next"),
            ("fn f() { let (a, b) = (N::new(0), M::new(1)); }", "b"),
            ("fn f() { let (a, b) = M(); }", "a, b"),
            ("fn f() { let (mut a, _b) = M(); }", "a, _b"),
            ("fn f() { a(|| { let next = M::new(0); }) }", "next"),
            (
                "m! { static NEXT: A = const { N }; static LAST: A = M::new(0); }",
                "LAST",
            ),
            (
                "fn f() { let cell = M::new(0).watched(|it| format!(\"{it}\")); }",
                "cell",
            ),
            ("fn f() { let at = a::b::<C>(M::new(0)); }", "at"),
            ("fn f() { let at = unsafe { M(0) }.cast::<B>(); }", "at"),
        ] {
            assert_eq!(named(text).as_deref(), Some(name), "{text}");
        }
    }

    #[test]
    fn an_object_may_have_no_name() {
        for text in [
            "fn f() -> A { A(M::new(0)) }",
            "fn f() { let a = b(|| { M::new(0) }); }",
            "fn f() { a(M::new(0)); }",
            "fn f() { let _ = M::new(0); }",
            "fn f() { let a = unsafe { b(); M::new(0) }; }",
            "fn f() { match a { 1 => M::new(0), _ => b } }",
            "fn f() { let a = 1; M::new(0) }",
            "this is { not Rust: M",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_is_told_without_its_indentation() {
        let here = std::panic::Location::caller();
        let told = line(here.file(), here.line()).unwrap();
        assert_eq!(told, "let here = std::panic::Location::caller();");
        assert_eq!(line("no/such/file.rs", 1), None);
    }
}
