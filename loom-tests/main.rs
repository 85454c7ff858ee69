#![cfg(loom)]
use racecourse::explorer::{Options, explore, report::*};
use racecourse::lessons;

#[test]
fn smoke() {
    let lesson = lessons::ticket_office::lesson();
    for version in &lesson.versions {
        for scene in version.explored() {
            let e = explore(Options::new(Memory::Sc), scene.run.clone()).unwrap();
            println!(
                "{} / {}: {} {:?}",
                version.name,
                scene.name,
                e.verdict(),
                e.took
            );
            for o in &e.outcomes {
                println!(
                    "   {:>6} {:>6} {:9} {} pre={} — {}",
                    o.different, o.executions, o.grade, o.outcome, o.story.preemptions, o.meaning
                );
                if o.grade == Grade::Forbidden {
                    for s in &o.story.steps {
                        println!(
                            "        {:10} {:40} {}:{} {:?} {:?}",
                            o.story.threads[s.thread], s.what, s.file, s.line, s.state, s.switch
                        );
                    }
                    for l in &o.story.epilogue {
                        println!("        {l}");
                    }
                }
            }
        }
    }
}
