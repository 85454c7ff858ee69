//! Which exercises a student has done: a small file in the student's folder.

use super::catalog::Exercise;
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

/// The file's name.
const FILE: &str = ".racecourse";
/// Its first line.
const HEAD: &str = "racecourse 1";

/// What is known of the answers in a folder.
#[derive(Debug)]
pub struct Done {
    path: PathBuf,
    /// The hash of each text that was graded, and whether it was proved.
    verdicts: BTreeMap<u64, bool>,
}

/// How far an exercise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No file answers it.
    NotStarted,
    /// Its file was not graded since it was changed.
    NotGraded,
    /// Its file was graded, and is not proved.
    NotProved,
    /// Its file is proved.
    Proved,
}

impl Done {
    /// What is known in that folder. A file that cannot be read says nothing.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines();
        let verdict = |line: &str| {
            let (hash, word) = line.split_once(' ')?;
            Some((u64::from_str_radix(hash, 16).ok()?, word == "proved"))
        };
        let verdicts = match text.starts_with(HEAD) {
            true => lines.skip(1).filter_map(verdict).collect(),
            false => BTreeMap::new(),
        };
        Self { path, verdicts }
    }

    /// Remembers whether that text is proved.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remember(&mut self, text: &str, is_proved: bool) -> io::Result<()> {
        self.verdicts.insert(hash(text), is_proved);
        let mut new = format!("{HEAD}\n");
        for (hash, is_proved) in &self.verdicts {
            let word = if *is_proved { "proved" } else { "not-proved" };
            new += &format!("{hash:016x} {word}\n");
        }
        fs::write(&self.path, new)
    }

    /// How far the exercise is, given the texts of the files that answer it.
    #[must_use]
    pub fn state<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> State {
        let states = texts
            .into_iter()
            .map(|text| match self.verdicts.get(&hash(text)) {
                Some(true) => State::Proved,
                Some(false) => State::NotProved,
                None => State::NotGraded,
            });
        states
            .max_by_key(|state| *state as u8)
            .unwrap_or(State::NotStarted)
    }
}

/// The texts of the files in a folder that answer an exercise, each with its exercise.
///
/// # Errors
/// The folder cannot be read.
pub fn answers(folder: &Path) -> io::Result<Vec<(&'static Exercise, PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        if let Ok(text) = fs::read_to_string(&path)
            && let Ok(exercise) = super::grader::exercise_of(&text)
        {
            found.push((exercise, path, text));
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(found)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}
