//! The source of the lessons, as it was compiled.

macro_rules! sources {
    ($($path:literal)*) => {
        /// Each file, by the name that the compiler gives it. Not a constant: what uses one
        /// is compiled again when a file has changed.
        static SOURCES: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../", $path)))),*];
    };
}

sources! {
    "src/lessons/bounded_queue/lesson.rs" "src/lessons/bounded_queue/right.rs"
    "src/lessons/bounded_queue/scenes.rs" "src/lessons/bounded_queue/wrong.rs"
    "src/lessons/bread_queue/lesson.rs" "src/lessons/bread_queue/right.rs"
    "src/lessons/bread_queue/scenes.rs" "src/lessons/bread_queue/wrong.rs"
    "src/lessons/join/lesson.rs" "src/lessons/join/right.rs"
    "src/lessons/join/scenes.rs" "src/lessons/join/wrong.rs"
    "src/lessons/own_globals/lesson.rs" "src/lessons/own_globals/right.rs"
    "src/lessons/own_globals/scenes.rs" "src/lessons/own_globals/wrong.rs"
    "src/lessons/process_pool/lesson.rs" "src/lessons/process_pool/right.rs"
    "src/lessons/process_pool/scenes.rs" "src/lessons/process_pool/wrong.rs"
    "src/lessons/process_queue/lesson.rs" "src/lessons/process_queue/right.rs"
    "src/lessons/process_queue/scenes.rs" "src/lessons/process_queue/wrong.rs"
    "src/lessons/ticket_lock/lesson.rs" "src/lessons/ticket_lock/right.rs"
    "src/lessons/ticket_lock/scenes.rs" "src/lessons/ticket_lock/wrong.rs"
    "src/lessons/ticket_office/lesson.rs" "src/lessons/ticket_office/right.rs"
    "src/lessons/ticket_office/scenes.rs" "src/lessons/ticket_office/wrong.rs"
    "src/lessons/udp_chat/lesson.rs" "src/lessons/udp_chat/right.rs"
    "src/lessons/udp_chat/scenes.rs" "src/lessons/udp_chat/wrong.rs"
}

/// That file's name and text, if it is one of the lessons'.
pub(crate) fn of(file: &str) -> Option<(&'static str, &'static str)> {
    let mut sources = SOURCES.iter();
    sources.find(|(path, _)| *path == file).copied()
}

/// The text of that file.
///
/// # Panics
/// If it is none of the lessons'.
pub(crate) fn text(file: &str) -> &'static str {
    let found = of(file);
    found
        .unwrap_or_else(|| panic!("{file} is no file of a lesson"))
        .1
}
