//! As much of Markdown as the tests need: sections, fenced blocks with what stands behind the fence, code spans, links.

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands behind the opening fence, such as `sh run`.
    pub(crate) info: String,
    /// What stands between the fences.
    pub(crate) text: String,
}

/// What stands under a heading, up to the next one. Headings of the third level and below are part of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// The heading, without its marks.
    pub(crate) heading: String,
    /// The lines below it.
    pub(crate) text: String,
}

/// Every section, in order. What stands before the first heading is left out.
pub(crate) fn sections(markdown: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut is_fenced = false;
    for line in markdown.lines() {
        is_fenced ^= line.starts_with("```");
        let heading = line.strip_prefix("# ").or_else(|| line.strip_prefix("## "));
        match (heading.filter(|_| !is_fenced), sections.last_mut()) {
            (Some(heading), _) => sections.push(Section { heading: heading.to_owned(), text: String::new() }),
            (None, Some(section)) => {
                section.text.push_str(line);
                section.text.push('\n');
            }
            (None, None) => {}
        }
    }
    sections
}

/// Every fenced block, in order.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => open = Some(Block { info: info.to_owned(), text: String::new() }),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed: {open:?}");
    blocks
}

/// What stands between backticks, outside fenced blocks.
pub(crate) fn code_spans(markdown: &str) -> Vec<String> {
    prose(markdown).split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Where links and images lead, outside fenced blocks; also those of HTML tags.
pub(crate) fn links(markdown: &str) -> Vec<String> {
    let prose = prose(markdown);
    let between = |start: &str, end: char| {
        let ends = prose.split(start).skip(1).filter_map(|rest| rest.split_once(end));
        ends.map(|(target, _)| target.to_owned()).collect::<Vec<_>>()
    };
    [between("](", ')'), between(" src=\"", '"'), between(" srcset=\"", '"')].concat()
}

/// The name by which a link reaches a heading: `What it says` is `#what-it-says`.
pub(crate) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Everything outside fenced blocks.
fn prose(markdown: &str) -> String {
    markdown.split("```").step_by(2).collect()
}

#[test]
fn the_parts_are_told_apart() {
    let markdown =
        "See `a/b` and [c](d.md).\n```sh run\necho `x`\n```\n![e](f.png) `g`\n<img src=\"h.png\" alt=\"i\">\n";
    assert_eq!(blocks(markdown), [Block { info: "sh run".into(), text: "echo `x`\n".into() }]);
    assert_eq!(code_spans(markdown), ["a/b", "g"]);
    assert_eq!(links(markdown), ["d.md", "f.png", "h.png"]);
}

#[test]
fn a_section_ends_at_the_next_heading_and_not_at_a_comment() {
    let markdown = "# A\na\n```sh\n# not a heading\n```\n## B\n### C\nc\n";
    let of = |heading: &str, text: &str| Section { heading: heading.into(), text: text.into() };
    assert_eq!(sections(markdown), [of("A", "a\n```sh\n# not a heading\n```\n"), of("B", "### C\nc\n")]);
    assert_eq!(anchor("Has it become faster, or slower?"), "has-it-become-faster-or-slower");
}
