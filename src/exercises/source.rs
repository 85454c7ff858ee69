//! Takes items out of the text of a source file.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// An item of a file, of an impl or of a trait.
pub(super) struct Item {
    /// What it declares: a type, a function, a macro. For an impl, the type that it is for.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// With its documentation.
    pub(super) text: String,
    /// The names in it.
    pub(super) words: BTreeSet<String>,
    /// What stands between its braces.
    body: TokenStream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Use,
    Impl,
    /// With `pub`, not `pub(super)`.
    Public,
    Private,
}

/// The items of a file.
///
/// # Panics
/// If it is not Rust. The files are the library's own.
pub(super) fn items(text: &str) -> Vec<Item> {
    let tokens: TokenStream = text.parse().expect("it compiles");
    in_stream(text, tokens)
}

/// The items in the braces of an item of that file.
pub(super) fn inner_items(text: &str, item: &Item) -> Vec<Item> {
    in_stream(text, item.body.clone())
}

fn in_stream(text: &str, tokens: TokenStream) -> Vec<Item> {
    let mut items = Vec::new();
    let mut so_far: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let is_inner = matches!(&so_far[..], [TokenTree::Punct(hash), TokenTree::Punct(not)]
            if hash.as_char() == '#' && not.as_char() == '!');
        let is_semicolon = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == ';');
        let is_brace =
            matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        so_far.push(token);
        if is_inner {
            // Documentation of the file.
            so_far.clear();
        } else if is_semicolon || (is_brace && ends_with_brace(&so_far)) {
            items.push(Item::new(text, &so_far));
            so_far.clear();
        }
    }
    items
}

/// The names of an item's head, from its keyword.
fn head(tokens: &[TokenTree]) -> Vec<String> {
    let names = tokens.iter().filter_map(|token| match token {
        TokenTree::Ident(name) => Some(name.to_string()),
        _ => None,
    });
    names
        .skip_while(|name| ["pub", "unsafe"].contains(&name.as_str()))
        .collect()
}

fn ends_with_brace(tokens: &[TokenTree]) -> bool {
    let head = head(tokens);
    !["use", "const", "static", "type"].contains(&head[0].as_str())
}

impl Item {
    fn new(text: &str, tokens: &[TokenTree]) -> Self {
        let head = head(tokens);
        let is_public = tokens.windows(2).any(|pair| {
            matches!(pair, [TokenTree::Ident(name), next]
                if *name == "pub" && !matches!(next, TokenTree::Group(_)))
        });
        let kind = match head[0].as_str() {
            "use" => Kind::Use,
            "impl" => Kind::Impl,
            _ if is_public => Kind::Public,
            _ => Kind::Private,
        };
        let name = match kind {
            Kind::Impl => implemented_for(tokens),
            _ => head.get(1).cloned(),
        };
        let (first, last) = (&tokens[0], &tokens[tokens.len() - 1]);
        let range = first.span().byte_range().start..last.span().byte_range().end;
        let mut words = BTreeSet::new();
        tokens
            .iter()
            .for_each(|token| add_words(token.clone(), &mut words));
        Self {
            name: name.unwrap_or_default(),
            kind,
            text: text[range].to_owned(),
            words,
            body: match last {
                TokenTree::Group(group) => group.stream(),
                _ => TokenStream::new(),
            },
        }
    }

    pub(super) fn copied(&self) -> Self {
        Self {
            name: self.name.clone(),
            kind: self.kind,
            text: self.text.clone(),
            words: self.words.clone(),
            body: self.body.clone(),
        }
    }

    /// An item put together from the text of others.
    pub(super) fn made(name: &str, kind: Kind, text: String, parts: &[&Item]) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            text,
            words: parts.iter().flat_map(|part| part.words.clone()).collect(),
            body: TokenStream::new(),
        }
    }

    /// The names that a `use` declares, each with its path.
    pub(super) fn imports(&self) -> Vec<Vec<String>> {
        let path = self.text.trim_start_matches("pub ");
        let path = path.trim_start_matches("use ").trim_end_matches(';');
        let mut found = Vec::new();
        add_imports(Vec::new(), path.parse().expect("it compiles"), &mut found);
        found
    }
}

/// The type that an impl is for.
fn implemented_for(tokens: &[TokenTree]) -> Option<String> {
    let (mut depth, mut names) = (0, Vec::new());
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
            TokenTree::Punct(mark) if mark.as_char() == '>' => depth -= 1,
            TokenTree::Ident(name) if depth == 0 => names.push(name.to_string()),
            _ => {}
        }
    }
    let mut after_for = names.iter().skip_while(|name| *name != "for");
    after_for
        .nth(1)
        .or_else(|| {
            names
                .iter()
                .find(|name| !["unsafe", "impl"].contains(&name.as_str()))
        })
        .cloned()
}

fn add_words(token: TokenTree, words: &mut BTreeSet<String>) {
    match token {
        TokenTree::Ident(name) => drop(words.insert(name.to_string())),
        TokenTree::Group(group) => {
            group
                .stream()
                .into_iter()
                .for_each(|token| add_words(token, words));
        }
        // The names in `format!("{left} left")`.
        TokenTree::Literal(text) => {
            let text = text.to_string();
            let parts = text.split('{').skip(1);
            words.extend(parts.filter_map(|part| part.split(['}', ':']).next().map(String::from)));
        }
        TokenTree::Punct(_) => {}
    }
}

fn add_imports(prefix: Vec<String>, tokens: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path = prefix.clone();
    for token in tokens {
        match token {
            TokenTree::Ident(name) => path.push(name.to_string()),
            TokenTree::Group(group) => {
                add_imports(std::mem::take(&mut path), group.stream(), found);
            }
            TokenTree::Punct(mark) if mark.as_char() == ',' => {
                found.extend((path.len() > prefix.len()).then(|| std::mem::take(&mut path)));
                path.clone_from(&prefix);
            }
            _ => {}
        }
    }
    found.extend((path.len() > prefix.len()).then_some(path));
}

/// The text with one name in place of another.
pub(super) fn renamed(text: &str, from: &str, to: &str) -> String {
    let is_part = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let mut new = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let is_whole = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
        new += before;
        new += if is_whole { to } else { from };
        rest = after;
    }
    new + rest
}

/// The paragraphs of an item's documentation, up to its example. A link is only its text.
pub(super) fn documentation(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(|line| line.trim_start().strip_prefix("///"));
    let lines = lines.map_while(|line| line.map(str::trim));
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("```")).collect();
    let paragraphs = lines.split(|line| line.is_empty());
    paragraphs
        .map(|lines| without_links(&lines.join(" ")))
        .filter(|paragraph| !paragraph.is_empty())
        .collect()
}

/// `is_full`, without brackets and without where the link leads.
fn without_links(text: &str) -> String {
    let mut new = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, after)) = link.split_once("`]") else {
            break;
        };
        new += &format!("{before}`{name}`");
        rest = match after.starts_with('(') {
            true => after.split_once(')').map_or("", |(_, after)| after),
            false => after,
        };
    }
    new + rest
}

/// The text without comments, because comments say what is wrong. The documentation of a private
/// part does not, so it can stay.
pub(super) fn without_comments(text: &str, with_documentation: bool) -> String {
    let lines = text.lines().filter(|line| {
        let line = line.trim_start();
        let is_documentation = line.starts_with("///");
        !line.starts_with("//") || (is_documentation && with_documentation)
    });
    lines.collect::<Vec<_>>().join("\n")
}
