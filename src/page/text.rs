//! Text in HTML and in scripts.

use serde::Serialize;
use std::fmt::{self, Write as _};

/// The text as HTML shows it, also in an attribute with double quotes.
pub(super) fn escaped(text: impl fmt::Display) -> String {
    let mut escaped = String::new();
    for letter in text.to_string().chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            // HTML has no way to write most of these.
            letter if letter.is_control() => escaped.extend(letter.escape_default()),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The value for a script: JSON that ends no `script` element.
pub(super) fn json(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

/// A page. `up`: how its links lead to the folder's root.
pub(super) fn page(title: &str, up: &str, head: &str, body: &str) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"{up}style.css\">\n{head}<body>\n{body}</body>\n</html>\n",
        escaped(title)
    );
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_would_take_for_its_own_is_escaped() {
        let text = "<b a=\"1\" b='2'>&amp;\u{1b}\u{0}\n";
        let shown = "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;\\u{1b}\\u{0}\n";
        assert_eq!(escaped(text), shown);
    }

    #[test]
    fn no_text_in_a_script_ends_it() {
        let json = json(&["</script><!--\u{2028}\"\\"]).unwrap();
        assert_eq!(json, "[\"\\u003c/script>\\u003c!--\u{2028}\\\"\\\\\"]");
    }
}
