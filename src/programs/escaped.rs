//! Received bytes as one line of visible text.

use icu_properties::props::{
    BinaryProperty as _, DefaultIgnorableCodePoint, EnumeratedProperty as _, GeneralCategory,
};
use std::fmt::{self, Write as _};

/// Bytes that anybody may have sent, as text that is one line, moves no cursor and hides
/// nothing. Every invisible character is written as `\u{…}` (line breaks, tabs and NUL as
/// `\n`, `\r`, `\t`, `\0`), a byte that is not UTF-8 as `\x…`, a backslash as `\\`. The
/// original bytes can be computed from the text.
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for letter in chunk.valid().chars() {
                match letter {
                    '\\' | '\n' | '\r' | '\t' | '\0' => write!(f, "{}", letter.escape_debug())?,
                    letter if is_visible(letter) => f.write_char(letter)?,
                    letter => write!(f, "{}", letter.escape_unicode())?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Whether every font shows the character, and shows it as something other than empty
/// space. The common space counts as visible.
fn is_visible(letter: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate,
        Unassigned,
    };
    // The blank pattern of Braille is a symbol to Unicode. Other blanks, such as the Hangul
    // fillers, are default ignorable.
    const BRAILLE_BLANK: char = '\u{2800}';
    let is_blank = match GeneralCategory::for_char(letter) {
        SpaceSeparator => letter != ' ',
        Control | Format | LineSeparator | ParagraphSeparator => true,
        PrivateUse | Surrogate | Unassigned => true,
        _ => letter == BRAILLE_BLANK || DefaultIgnorableCodePoint::for_char(letter),
    };
    !is_blank
}
