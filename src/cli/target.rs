//! What names a lesson, a version or an exercise.

use std::fmt;
use std::str::FromStr;

/// `LESSON` or `LESSON/VERSION`.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) lesson: String,
    pub(super) version: Option<String>,
}

impl FromStr for Target {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once('/') {
            Some((lesson, version)) => Self {
                lesson: lesson.to_owned(),
                version: Some(version.to_owned()),
            },
            None => Self {
                lesson: text.to_owned(),
                version: None,
            },
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lesson)?;
        match &self.version {
            Some(version) => write!(f, "/{version}"),
            None => Ok(()),
        }
    }
}
