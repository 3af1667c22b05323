//! Text of others on its way into a table for a spreadsheet or into Markdown: it stays text there.
//!
//! Labels, names of runs and what servers said come from whoever made a record. HTML is escaped by its template, and what a
//! terminal would obey is made visible by who prints.

/// A field of CSV. A spreadsheet takes one that begins like a formula for one, so an apostrophe stands before it; a number
/// stays a number, and a dash alone a dash.
pub fn csv_field(text: &str) -> String {
    let begins_a_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_harmless = text.chars().count() == 1 || text.parse::<f64>().is_ok();
    let text = if begins_a_formula && !is_harmless { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Text in a line or in a cell of GitHub-flavoured Markdown: no line of its own, link, picture, code, HTML or further column.
pub fn markdown(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => plain.push_str("&lt;"),
            '\\' | '`' | '[' | ']' | '|' => plain.extend(['\\', c]),
            '\n' | '\r' => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

/// Text as code within a line or a cell of Markdown. Nothing is escaped in code, so what could end it is another sign.
pub fn markdown_code(text: &str) -> String {
    let kept = |c: char| match c {
        '`' => "'".to_owned(),
        '\\' => "/".to_owned(),
        '|' => "\\|".to_owned(),
        '<' => "&lt;".to_owned(),
        '\n' | '\r' => " ".to_owned(),
        c => c.to_string(),
    };
    format!("`{}`", text.chars().map(kept).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formula_survives() {
        for (text, field) in [
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("thread-pool:workers=8,stack=64KiB", "\"thread-pool:workers=8,stack=64KiB\""),
            ("1.2 ms", "1.2 ms"),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1+1", "'+1+1"),
            ("-1+1", "'-1+1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=a,b", "\"'=a,b\""),
            ("-", "-"),
            ("-3.5", "-3.5"),
            ("", ""),
        ] {
            assert_eq!(csv_field(text), field, "{text:?}");
        }
    }

    #[test]
    fn markdown_stays_text() {
        assert_eq!(markdown("![a](http://b) `c` <img>|d\n# e"), "!\\[a\\](http://b) \\`c\\` &lt;img>\\|d # e");
        assert_eq!(markdown("a\\|b \\[c](d)"), "a\\\\\\|b \\\\\\[c\\](d)");
        assert_eq!(markdown("twice as fast (2.1×), 5 µs"), "twice as fast (2.1×), 5 µs");
        assert_eq!(markdown_code("a`b|c\\|<d>\ne"), "`a'b\\|c/\\|&lt;d> e`");
    }
}
