//! The pages of `--html` in a real browser. Where no Chromium is installed, these tests say
//! that they were skipped (`cargo test` shows it with `--nocapture`).

mod browser;

use browser::Browser;
use racecourse::lessons;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of this test's own, which is not there yet.
fn new_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pages-{name}"));
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn explore(args: &[&str]) -> Output {
    let mut explore = Command::new(env!("CARGO_BIN_EXE_racecourse"));
    explore.arg("explore").args(args).output().unwrap()
}

/// The pages of a lesson, of a version, or of all lessons.
fn written(name: &str, target: &[&str]) -> PathBuf {
    let folder = new_folder(name);
    let output = explore(&[target, &["--html", folder.to_str().unwrap()]].concat());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let index = folder.join("index.html");
    assert!(
        text.ends_with(&format!("wrote {}\n", index.display())),
        "{text}"
    );
    folder
}

const STATUS: &str = "document.querySelector('.scheduler .now').textContent";

#[test]
fn a_story_is_stepped_through_by_keys_and_buttons() {
    let Some(mut browser) = Browser::start("story") else {
        return;
    };
    let folder = written("story", &["ticket_office/check-then-act"]);
    browser.open(&folder.join("ticket_office/check-then-act.html"));
    let now = "document.querySelector('#story .now').textContent";
    let marked =
        "[...document.querySelectorAll('#code [aria-current=step]')].map(it => it.id).join()";
    assert_eq!(browser.text(now), "Before the first of 16 steps.");
    browser.press("ArrowRight");
    let step = "Step 1 of 16: clerk-2: lock tickets, at wrong.rs:21.";
    assert_eq!(browser.text(now), step);
    assert_eq!(
        browser.text(marked),
        "src/lessons/ticket_office/wrong.rs:21"
    );
    browser.press("ArrowRight");
    browser.press("ArrowLeft");
    assert_eq!(browser.text(now), step);
    let shared = "document.querySelector('#story .shared tbody').innerText";
    assert_eq!(browser.text(shared), "tickets\t1 left");
    browser.eval("document.querySelector('#story [data-do=last]').click()");
    let end = browser.text(now);
    assert!(
        end.starts_with("Step 16 of 16: clerk-2: “sold out”, at scenes.rs:24."),
        "{end}"
    );
    assert!(
        end.ends_with("The story ends: FORBIDDEN: ticket 0 sold."),
        "{end}"
    );
    assert_eq!(browser.text(shared), "tickets\t-1 left");
    // Nothing comes after the last step, and the button keeps the focus.
    browser.press("ArrowRight");
    assert_eq!(browser.text(now), end);
    browser.eval("document.querySelector('#story tbody tr:nth-child(3) button').click()");
    assert!(browser.text(now).contains("This is the decisive step"));
    let marks = "document.querySelectorAll('#story .decisive').length";
    assert_eq!(browser.eval(marks), 1);
    assert_eq!(browser.console, [] as [serde_json::Value; 0]);
}

/// Does what the hint says until the interleaving ends.
fn follows_hints(browser: &mut Browser, scheduler: usize) -> String {
    for _ in 0..200 {
        let taken = browser.eval(&format!(
            "(() => {{
               const root = document.querySelectorAll('.scheduler')[{scheduler}];
               root.querySelector('[data-do=hint]').click();
               const hint = root.querySelector('.hint').textContent;
               const words = (it) => it.querySelector('span').textContent;
               for (const thread of root.querySelectorAll('.choices li'))
                 for (const button of thread.querySelectorAll('button'))
                   if (hint.startsWith(`${{thread.querySelector('b').textContent}} next: ${{words(button)}}. `)) {{
                     button.click();
                     return true;
                   }}
               return false;
             }})()"
        ));
        if taken == false {
            break;
        }
    }
    let status = "document.querySelectorAll('.scheduler')[N].querySelector('.now').textContent";
    browser.text(&status.replace('N', &scheduler.to_string()))
}

#[test]
fn a_reader_reaches_the_forbidden_outcome_as_the_scheduler() {
    let Some(mut browser) = Browser::start("scheduler") else {
        return;
    };
    let folder = written("scheduler", &["ticket_office/check-then-act"]);
    browser.open(&folder.join("ticket_office/check-then-act.html"));
    let share = "document.querySelector('.scheduler .share').textContent";
    let from_the_start =
        "12 of 16 different interleavings (75 %) from the start end in “ticket 0 sold”.";
    assert_eq!(browser.text(share), from_the_start);
    // By keys alone: each clerk checks before either of them takes the ticket.
    browser.eval("document.querySelector('.scheduler .choices button').focus()");
    browser.press("1");
    assert!(
        browser
            .text(STATUS)
            .starts_with("Step 1: clerk-1: lock tickets; unlock tickets: 1 left.")
    );
    assert_eq!(
        browser.text("document.activeElement.closest('li').querySelector('b').textContent"),
        "clerk-1"
    );
    browser.press("2");
    let sure = "6 of 6 different interleavings (100 %) from here end in “ticket 0 sold”.";
    assert_eq!(browser.text(share), sure);
    // One back, and the other way: the ticket is taken first, and all is well.
    browser.press("ArrowLeft");
    browser.press("1");
    assert_eq!(
        browser.text(share).split(" different").next(),
        Some("0 of 2")
    );
    assert!(
        browser
            .text(STATUS)
            .contains("“ticket 0 sold” is out of reach: go back.")
    );
    browser.press("ArrowLeft");
    browser.press("ArrowLeft");
    assert_eq!(browser.text(share), from_the_start);
    let end = follows_hints(&mut browser, 0);
    assert!(end.contains("FORBIDDEN: ticket 0 sold"), "{end}");
    assert!(end.ends_with("You have reached it."), "{end}");
    assert_eq!(browser.console, [] as [serde_json::Value; 0]);
}

/// Every choice is tried, by its button.
#[test]
fn no_choice_reaches_it_in_the_right_version() {
    let Some(mut browser) = Browser::start("right") else {
        return;
    };
    let folder = written("right", &["ticket_office/check-then-act"]);
    browser.open(&folder.join("ticket_office/check-then-act.html"));
    let share = "document.querySelectorAll('.scheduler')[1].querySelector('.share').textContent";
    assert_eq!(
        browser.text(share),
        "0 of 4 different interleavings from the start end in “ticket 0 sold”."
    );
    browser
        .eval("document.querySelectorAll('.scheduler')[1].querySelector('[data-do=hint]').click()");
    let hint = "document.querySelectorAll('.scheduler')[1].querySelector('.hint').textContent";
    assert_eq!(
        browser.text(hint),
        "“ticket 0 sold” cannot be reached: no interleaving of this version ends there."
    );
    let ends = browser.eval(
        "(() => {
           const root = document.querySelectorAll('.scheduler')[1], ends = {};
           const buttons = () => [...root.querySelectorAll('.choices button')];
           const tries = () => {
             const status = root.querySelector('.now').textContent;
             const all = buttons().length;
             if (!all) { const end = status.split(' – ')[0]; ends[end] = (ends[end] || 0) + 1; }
             for (let place = 0; place < all; place++) {
               buttons()[place].click();
               tries();
               root.querySelector('[data-do=back]').click();
             }
           };
           tries();
           return ends;
         })()",
    );
    let expected = serde_json::json!({
        "The interleaving ends. promised: sold 0 + 1": 2,
        "The interleaving ends. promised: sold 1 + 0": 2,
    });
    assert_eq!(ends, expected);
    assert_eq!(browser.console, [] as [serde_json::Value; 0]);
}

/// The pages of all lessons: no message in the console, no page wider than a telephone, every
/// step has its line in the source (but where std calls it), and every mistake can be reached by the hints.
#[test]
fn every_page_works() {
    let Some(mut browser) = Browser::start("all") else {
        return;
    };
    let folder = written("all", &[]);
    browser.resize(400, 800);
    let mut played = 0;
    let pages = lessons::all();
    let pages = pages.iter().flat_map(|lesson| {
        let versions = lesson.versions.iter();
        versions.map(move |version| (format!("{}/{}.html", lesson.name, version.name), version))
    });
    for (name, version) in pages {
        browser.open(&folder.join(&name));
        let wide = browser
            .eval("document.documentElement.scrollWidth")
            .as_u64();
        assert!(wide <= Some(400), "{name} is {wide:?} pixels wide");
        let lost = browser.text(
            "(() => {
               const steps = racecourse.story?.story.steps ?? [];
               const places = steps.map(it => `${it.file}:${it.line}`);
               for (const graph of Object.values(racecourse.graphs))
                 for (const [, steps] of graph.transitions)
                   places.push(...steps.map(it => `${graph.files[it[3]]}:${it[4]}`));
               return places.filter(it => !it.startsWith('/rustc/') && !document.getElementById(it)).join();
             })()",
        );
        assert_eq!(lost, "", "{name}");
        let nameless = "[...document.querySelectorAll('button, select')]
             .filter(it => !it.textContent.trim()).length";
        assert_eq!(browser.eval(nameless), 0, "{name}");
        if let Some(mistake) = version.mistake
            && browser.eval("Boolean(racecourse.schedulers[0]?.chosenScene)") == true
        {
            let scene = serde_json::json!(mistake.scene);
            let is_there = browser.eval(&format!(
                "(() => {{
                   const {{chosenScene, root}} = racecourse.schedulers[0];
                   const option = [...chosenScene.options].find(it => it.textContent === {scene});
                   if (!option) return false;
                   delete root.dataset.ready;
                   chosenScene.value = option.value;
                   chosenScene.dispatchEvent(new Event('change'));
                   return true;
                 }})()"
            ));
            if is_there == true {
                browser.ready();
                let end = follows_hints(&mut browser, 0);
                let expected = format!("FORBIDDEN: {}", mistake.outcome);
                assert!(
                    end.contains(&expected) && end.ends_with("You have reached it."),
                    "{name}: {end}"
                );
                played += 1;
            }
        }
        assert_eq!(browser.console, [] as [serde_json::Value; 0], "{name}");
    }
    browser.open(&folder.join("index.html"));
    let wide = browser
        .eval("document.documentElement.scrollWidth")
        .as_u64();
    assert!(wide <= Some(400), "the index is {wide:?} pixels wide");
    let links = browser.eval("[...document.links].map(it => it.getAttribute('href'))");
    let links: Vec<&str> = links
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let versions: usize = lessons::all().iter().map(|it| it.versions.len()).sum();
    assert_eq!(links.len(), versions);
    for link in links {
        assert!(folder.join(link).is_file(), "{link}");
    }
    // The scenes of four other mistakes have too many states.
    assert_eq!(played, 35);
}

#[test]
fn only_its_own_folder_is_overwritten() {
    let folder = written("own", &["ticket_office/lost-update"]);
    let again = explore(&["ticket_office/locked", "--html", folder.to_str().unwrap()]);
    assert!(again.status.success());
    assert!(folder.join("ticket_office/locked.html").is_file());
    let other = new_folder("other");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("notes.txt"), "mine").unwrap();
    let refused = explore(&["ticket_office", "--html", other.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    let says = format!(
        "error: {} is not empty, and `cargo race --html` has not written it: name a new folder\n",
        other.display()
    );
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), says);
    assert_eq!(
        String::from_utf8(refused.stdout).unwrap(),
        "",
        "nothing is explored first"
    );
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
}

#[test]
fn a_story_becomes_a_picture() {
    let file = new_folder("story.svg");
    let _ = fs::remove_file(&file);
    let output = explore(&[
        "ticket_office/check-then-act",
        "--svg",
        file.to_str().unwrap(),
    ]);
    assert!(output.status.success());
    let svg = fs::read_to_string(&file).unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    assert!(svg.contains("<title>FORBIDDEN: ticket 0 sold</title>"));
    assert_eq!(svg.matches("class=\"mark\">!</text>").count(), 1);
    assert_eq!(svg.matches("class=\"preempted\"").count(), 1);
    let refused = explore(&["ticket_office/locked", "--svg", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    let says = "error: ticket_office/locked has no forbidden outcome, so it has no story\n";
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), says);
}
