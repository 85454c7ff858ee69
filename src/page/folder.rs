//! The folder that the pages are written into.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A file that says that the folder's contents were written here, and can be written again.
const MARK: &str = ".written-by-cargo-race-html";
const SAYS: &str = "`cargo race --html` wrote this folder, and overwrites it.\n";

/// A folder that is new, empty, or was written by the same command before.
pub struct Folder(PathBuf);

impl Folder {
    /// Opens the folder, and makes it if it is not there.
    ///
    /// # Errors
    /// A line that says what is wrong: it cannot be made, or there is something in it that
    /// this command has not written.
    pub fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let cannot = |error: io::Error| format!("cannot write to {shown}: {error}");
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() && !path.join(MARK).is_file() {
                    return Err(format!(
                        "{shown} is not empty, and `cargo race --html` has not written it: name \
                         a new folder"
                    ));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(cannot)?;
            }
            Err(error) => return Err(cannot(error)),
        }
        let folder = Self(path.to_owned());
        folder.write(MARK, SAYS).map_err(cannot)?;
        Ok(folder)
    }

    /// Writes a file, in a folder of this one if its name has a slash.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.0.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)
    }
}
