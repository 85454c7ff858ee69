//! Writes the pages of `cargo race --html`: a folder that opens from disk, without server or
//! network. It has the table of all versions, and a page for each: its outcomes, its source,
//! its story step by step, and a scheduler that the reader plays.

mod folder;
mod index;
mod source;
mod states;
mod text;
mod version;

pub use folder::Folder;
pub use version::{Page, Playable};

use crate::explorer::states::Graph;
use crate::lessons::Lesson;
use std::io;

/// Writes the pages into the folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Folder, pages: &[Page]) -> io::Result<()> {
    folder.write("style.css", include_str!("page/style.css"))?;
    folder.write("page.js", include_str!("page/page.js"))?;
    for page in pages {
        let name = page.name();
        folder.write(&format!("{name}.html"), &page.html())?;
        folder.write(&format!("{name}.js"), &page.script()?)?;
    }
    folder.write("index.html", &index::html(pages))
}

/// Writes the states of a scene for the pages of a lesson. `script`: the name of the file,
/// without `.js`.
///
/// # Errors
/// If the file cannot be written.
pub fn write_states<'a>(
    folder: &Folder,
    lesson: &Lesson,
    script: String,
    scene: &'a str,
    graph: &Graph,
) -> io::Result<Playable<'a>> {
    let text = states::script(&script, graph)?;
    folder.write(&format!("{}/{script}.js", lesson.name), &text)?;
    let files = states::files(graph);
    Ok(Playable {
        scene,
        script,
        files: files.into_iter().map(str::to_owned).collect(),
    })
}
