//! A wrong queue of the lesson `bounded_queue` as one file. In the lesson a version contains
//! a right queue. In the file that queue lacks the methods that the version writes itself: they
//! are the exercise.

use super::source::{Item, Kind, inner_items};
use std::collections::BTreeSet;

/// The version whose methods the file shows: `OneCondvarNotifyTwo` contains another version, and
/// differs from it in a number.
pub(super) fn base_of(root: &str) -> &str {
    match root {
        "OneCondvarNotifyTwo" => "OneCondvarNotifyOne",
        root => root,
    }
}

/// The version, and the queue that it contains.
pub(super) fn queue_items(sources: &[&str], files: &[Vec<Item>], root: &str) -> Vec<Item> {
    let [wrong_text, right_text, lesson_text] = *sources else {
        unreachable!("the catalog has three files of this lesson");
    };
    let [wrong, right, lesson] = files else {
        unreachable!("as above");
    };
    let times = if root == base_of(root) {
        "times: 1"
    } else {
        "times: 2"
    };
    let root = base_of(root);
    let of_root = |item: &&Item| item.name == root;
    let version = wrong
        .iter()
        .find(|item| of_root(item))
        .expect("it is there");
    let impls: Vec<&Item> = wrong
        .iter()
        .filter(|it| of_root(it) && it.kind == Kind::Impl)
        .collect();
    let (mut methods, mut others) = (Vec::new(), Vec::new());
    for block in impls {
        match block.words.contains("ContainsQueue") {
            true => methods = inner_items(wrong_text, block),
            false => others.push(block.copied()),
        }
    }
    let named = |name: &str| methods.iter().find(|it| it.name == name);
    let inside = match named("right") {
        Some(_) => "self.queue",
        None => "self.0",
    };
    let new = match named("new") {
        Some(new) => new.text.replace("times: 1", times),
        None => {
            "fn new(capacity: NonZeroUsize) -> Self {\n        Self(Queue::new(capacity))\n    }"
                .into()
        }
    };
    let own: Vec<&Item> = methods
        .iter()
        .filter(|it| !["new", "right", ""].contains(&it.name.as_str()))
        .collect();
    let is_own = |name: &str| own.iter().any(|it| it.name == name);

    let contains = lesson.iter().find(|it| it.name == "ContainsQueue");
    let defaults = inner_items(lesson_text, contains.expect("the lesson has it"));
    let mut bodies = vec![new];
    bodies.extend(own.iter().map(|method| method.text.clone()));
    for method in &defaults {
        if !["new", "right"].contains(&method.name.as_str()) && !is_own(&method.name) {
            let text = without_documentation(&method.text);
            bodies.push(text.replace("self.right()", inside));
        }
    }
    let answer = block(&format!("impl BoundedQueue for {root}"), &bodies);

    let helpers = wrong.iter().filter(|it| {
        it.kind == Kind::Private && own.iter().any(|method| method.words.contains(&it.name))
    });
    let mut items = vec![version.copied()];
    items.extend(others);
    items.push(Item::made(root, Kind::Impl, answer, &own));
    items.extend(helpers.map(Item::copied));
    items.extend(contained(right_text, right, &is_own, &items));
    items
}

/// The right queue without the methods that `is_own` names, and without what only those use.
fn contained(
    text: &str,
    right: &[Item],
    is_own: &dyn Fn(&str) -> bool,
    users: &[Item],
) -> Vec<Item> {
    let mut kept: Vec<(String, Vec<Item>)> = Vec::new();
    let mut rest = Vec::new();
    for item in right.iter().filter(|item| item.kind != Kind::Use) {
        if item.kind != Kind::Impl {
            rest.push(item.copied());
            continue;
        }
        let head = item
            .text
            .split('{')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        let mut methods = inner_items(text, item);
        methods.retain(|method| !(item.name == "Queue" && is_own(&method.name)));
        kept.push((head, methods));
    }
    loop {
        let all = || kept.iter().flat_map(|(_, methods)| methods);
        let is_used = |name: &String| {
            let others = all().filter(|method| method.name != *name);
            others.chain(users).any(|it| it.words.contains(name))
        };
        let unused: BTreeSet<String> = all()
            .filter(|it| it.kind == Kind::Private && !is_used(&it.name))
            .map(|it| it.name.clone())
            .filter(|name| name != "show")
            .collect();
        if unused.is_empty() {
            break;
        }
        for (_, methods) in &mut kept {
            methods.retain(|method| !unused.contains(&method.name));
        }
    }
    let is_used = |name: &String| {
        let methods = kept.iter().flat_map(|(_, methods)| methods);
        methods.chain(users).any(|it| it.words.contains(name))
    };
    rest.retain(|item| item.name != "Guard" || is_used(&item.name));
    // The queue of the lesson says more than a student needs.
    for item in &mut rest {
        item.text = match item.name.as_str() {
            "Queue" => without_documentation(&item.text),
            _ => item.text.clone(),
        };
        item.kind = Kind::Private;
    }
    for (head, methods) in kept {
        let texts: Vec<String> = methods.iter().map(|it| it.text.clone()).collect();
        let users: Vec<&Item> = methods.iter().collect();
        rest.push(Item::made("", Kind::Impl, block(&head, &texts), &users));
    }
    rest
}

fn block(head: &str, bodies: &[String]) -> String {
    let bodies: Vec<String> = bodies.iter().map(|text| format!("    {text}\n")).collect();
    format!("{head} {{\n{}}}", bodies.join("\n"))
}

fn without_documentation(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("///"));
    lines.collect::<Vec<_>>().join("\n").trim_start().to_owned()
}
