//! What a submission must not contain.
//!
//! The compiler keeps the other rules: a submission is compiled against a `std` and a
//! `racecourse` that have only what the model sees (see [`super::shims`]). The rules here are
//! about tokens, because no declaration of ours can take `core` or `unsafe` away. They are
//! exact: a macro cannot make an identifier, and inside of macros there are no attributes
//! and no modules.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A rule that a submission breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The line, from 1.
    pub line: usize,
    /// What stands there, and why it is refused.
    pub rule: String,
}

/// Words that are refused everywhere, and why.
const WORDS: &[(&[&str], &str)] = &[
    (&["unsafe"], "`unsafe` code is not explored"),
    (
        &["extern"],
        "no other crate and no foreign function can be used",
    ),
    (
        &["core", "alloc"],
        "use `std`: its modules that the model sees are there",
    ),
    (
        &[
            "include",
            "include_str",
            "include_bytes",
            "env",
            "option_env",
        ],
        "nothing outside of the file can be read",
    ),
    (
        &["asm", "global_asm", "naked_asm"],
        "assembly is not explored",
    ),
];

/// The attributes that change nothing outside of the item that has them.
const ATTRIBUTES: &[&str] = &[
    "allow",
    "cfg",
    "clippy",
    "cold",
    "default",
    "deny",
    "deprecated",
    "derive",
    "doc",
    "expect",
    "ignore",
    "inline",
    "must_use",
    "non_exhaustive",
    "repr",
    "rustfmt",
    "should_panic",
    "test",
    "track_caller",
    "warn",
];

/// The rules that the text breaks, in the order of lines.
///
/// # Errors
/// The text is not made of Rust's tokens: the line where it stops.
pub fn broken(text: &str) -> Result<Vec<Broken>, usize> {
    let tokens: TokenStream = text
        .parse()
        .map_err(|error: proc_macro2::LexError| error.span().start().line)?;
    let mut found = Vec::new();
    check(tokens, false, &mut found);
    proc_macro2::extra::invalidate_current_thread_spans();
    Ok(found)
}

fn check(tokens: TokenStream, in_macro: bool, found: &mut Vec<Broken>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let mut refuse = |rule: String| {
            let line = token.span().start().line;
            found.push(Broken { line, rule });
        };
        match token {
            TokenTree::Ident(name) => {
                let name = name.to_string();
                if name.starts_with("r#") {
                    refuse(format!("`{name}`: no raw identifiers"));
                }
                if let Some((_, why)) = WORDS.iter().find(|(words, _)| words.contains(&&*name)) {
                    refuse(format!("`{name}`: {why}"));
                }
                if name == "mod" && (in_macro || !has_body(&tokens[at + 1..])) {
                    refuse(
                        "`mod`: a submission is one file, and no macro declares a module".into(),
                    );
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == '#' => match attribute(&tokens[at + 1..]) {
                _ if in_macro => {
                    refuse("no attributes or documentation inside of a macro".into());
                }
                Some(name) if ATTRIBUTES.contains(&&*name) => {}
                Some(name) => refuse(format!("the attribute `{name}` is not one that is allowed")),
                None => refuse("`#` without an attribute".into()),
            },
            TokenTree::Group(group) => {
                let is_argument = in_macro || is_called(&tokens[..at]);
                check(group.stream(), is_argument, found);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Whether `mod` is followed by a name and braces.
fn has_body(rest: &[TokenTree]) -> bool {
    matches!(rest, [TokenTree::Ident(_), TokenTree::Group(body), ..]
        if body.delimiter() == Delimiter::Brace)
}

/// The name in `[name …]` or `![name …]`.
fn attribute(rest: &[TokenTree]) -> Option<String> {
    let rest = match rest {
        [TokenTree::Punct(not), rest @ ..] if not.as_char() == '!' => rest,
        rest => rest,
    };
    let [TokenTree::Group(group), ..] = rest else {
        return None;
    };
    match group.stream().into_iter().next()? {
        TokenTree::Ident(name) if group.delimiter() == Delimiter::Bracket => Some(name.to_string()),
        _ => None,
    }
}

/// Whether a group after these tokens is a macro's: after `name!` or `macro_rules! name`.
fn is_called(before: &[TokenTree]) -> bool {
    let is_not = |token: &TokenTree| {
        matches!(token, TokenTree::Punct(mark)
            if mark.as_char() == '!' && mark.spacing() == Spacing::Alone)
    };
    match before {
        [.., TokenTree::Ident(_), not] => is_not(not),
        [.., TokenTree::Ident(_), not, TokenTree::Ident(_)] => is_not(not),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are refused.
    fn lines(text: &str) -> Vec<usize> {
        let found = broken(text).expect("tokens");
        found.iter().map(|broken| broken.line).collect()
    }

    #[test]
    fn ordinary_code_breaks_no_rule() {
        let text = "//! About.\n#![allow(dead_code)]\nuse std::collections::VecDeque;\n\
            /// Says.\n#[derive(Debug)]\npub struct A { b: [u8; 2] }\n\
            mod inner { pub fn f() { assert!(!g(), \"{}\", 1); if !(a == b) {} } }\n\
            macro_rules! twice { ($a:expr) => { ($a, $a) } }\n";
        assert_eq!(lines(text), [0; 0]);
    }

    #[test]
    fn every_word_is_refused_wherever_it_stands() {
        for (words, _) in WORDS {
            for word in *words {
                assert_eq!(lines(&format!("\nfn f() {{ ({word}) }}")), [2], "{word}");
                let in_macro = format!("macro_rules! m {{ () => {{\n{word} }} }}");
                assert_eq!(lines(&in_macro), [2], "{word}");
            }
        }
        assert_eq!(lines("fn f() { \"unsafe core\"; } // unsafe"), [0; 0]);
        assert_eq!(lines("fn r#f() {}"), [1]);
    }

    #[test]
    fn only_known_attributes_are_allowed() {
        for refused in [
            "#[no_mangle] fn f() {}",
            "#![no_std]",
            "#[path = \"/etc/passwd\"] mod m {}",
            "#[cfg_attr(all(), no_mangle)] fn f() {}",
            "#[::std::prelude::v1::derive(Debug)] struct A;",
            "#(no_mangle)",
            "m!(#);",
            "m!(#[doc = \"\"] [no_mangle]);",
            "m! { /// Says.\n fn f() {} }",
            "macro_rules! m { ($a:ident) => { #[$a] fn f() {} } }",
        ] {
            assert_eq!(lines(refused).len(), 1, "{refused}");
        }
    }

    #[test]
    fn modules_have_their_text_in_the_file() {
        for refused in [
            "mod m;",
            "m!(mod n {});",
            "macro_rules! m { ($a:tt) => { mod n $a } }",
            "fn f() { mod n; }",
        ] {
            assert_eq!(lines(refused), [1], "{refused}");
        }
    }

    #[test]
    fn text_that_is_not_rust_is_an_error() {
        assert_eq!(broken("fn f() {\n \"").unwrap_err(), 2);
    }
}
