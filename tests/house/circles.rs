//! No two files import each other, directly or by way of others.
//!
//! An arrow runs from file to file wherever the one names an item of the other, in a
//! `use`, an expression or a macro. `mod child;` is no arrow, but `pub use child::Item`
//! is one; and `use super::Item` is an arrow to the parent, even if `Item` is defined in
//! another child. A `mod tests` does not count.

use super::source::{Names, Source};
use std::collections::{BTreeMap, BTreeSet};

/// From file to file, with the names that the one takes from the other.
type Arrows<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<String>>>;

fn arrows(sources: &[Source]) -> Arrows<'_> {
    // Nothing is imported from the program: `src` is the library.
    let modules = sources.iter().filter(|it| it.path != "src/main.rs");
    let files: BTreeMap<Names, &str> = modules.map(|it| (it.module(), &*it.path)).collect();
    let mut arrows = Arrows::new();
    for source in sources {
        for mut path in source.without_tests().paths() {
            if path.len() == 1 {
                // It names no item.
                continue;
            }
            if !["src", "tests", "loom-tests"].contains(&path[0].as_str()) {
                // It may start with a child's name, which alone may be anything's.
                let child = [source.module(), vec![path[0].clone()]].concat();
                if !files.contains_key(&child) {
                    continue;
                }
                path = [source.module(), path].concat();
            }
            let ends = (1..=path.len()).rev();
            let file = ends.map(|end| (files.get(&path[..end]), path.get(end)));
            if let Some((Some(&file), item)) = file.into_iter().find(|(file, _)| file.is_some())
                && file != source.path
            {
                let item = item.map_or("self", String::as_str).to_owned();
                let taken = arrows.entry(&source.path).or_default();
                taken.entry(file).or_default().insert(item);
            }
        }
    }
    arrows
}

/// All files to which arrows lead from there.
fn reached<'a>(from: &'a str, arrows: &Arrows<'a>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(file) = ahead.pop() {
        let next = arrows.get(file).into_iter().flat_map(BTreeMap::keys);
        ahead.extend(next.copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// Every circle: its arrows, with the names that make them.
fn circles(sources: &[Source]) -> Vec<String> {
    let arrows = arrows(sources);
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|file| (*file, reached(file, &arrows)))
        .collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|it| it.contains(to));
    let mut circles = BTreeSet::new();
    for file in arrows.keys().filter(|file| leads(file, file)) {
        let circle = reached[file].iter().filter(|other| leads(other, file));
        circles.insert(circle.copied().collect::<Vec<_>>());
    }
    let tell = |circle: &Vec<&str>| {
        let mut told = String::from("these files import each other in a circle:\n");
        for from in circle {
            for (to, names) in arrows[from].iter().filter(|(to, _)| circle.contains(to)) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                told += &format!("  {from} -> {to}: {}\n", names.join(", "));
            }
        }
        told
    };
    circles.iter().map(tell).collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = circles(&Source::all());
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_circle_is_noticed() {
    for house in include_str!("circles.txt").split("\n\n").skip(1) {
        let (title, files) = house.split_once('\n').unwrap();
        let sources: Vec<Source> = files.lines().map(Source::made_up).collect();
        let found = circles(&sources).len();
        assert_eq!(found, usize::from(title.starts_with("circle")), "{house}");
    }
}

#[test]
fn a_circle_is_told_with_its_names() {
    let sources = [
        "src/a.rs: mod b; pub use b::{Inner, Outer}; pub const WIDTH: u8 = 1;",
        "src/a/b.rs: use super::WIDTH;",
    ];
    assert_eq!(
        circles(&sources.map(Source::made_up)),
        ["these files import each other in a circle:\n  \
          src/a.rs -> src/a/b.rs: Inner, Outer\n  src/a/b.rs -> src/a.rs: WIDTH\n"]
    );
}
