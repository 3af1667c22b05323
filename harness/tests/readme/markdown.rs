//! As much of Markdown as the tests need: fenced blocks with what stands behind the fence, code spans, links.

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands behind the opening fence, such as `sh run`.
    pub(crate) info: String,
    /// What stands between the fences.
    pub(crate) text: String,
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

/// Where links and images lead, outside fenced blocks.
pub(crate) fn links(markdown: &str) -> Vec<String> {
    let prose = prose(markdown);
    let ends = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(target, _)| target.to_owned()).collect()
}

/// Everything outside fenced blocks.
fn prose(markdown: &str) -> String {
    markdown.split("```").step_by(2).collect()
}

#[test]
fn the_parts_are_told_apart() {
    let markdown = "See `a/b` and [c](d.md).\n```sh run\necho `x`\n```\n![e](f.png) `g`\n";
    assert_eq!(blocks(markdown), [Block { info: "sh run".into(), text: "echo `x`\n".into() }]);
    assert_eq!(code_spans(markdown), ["a/b", "g"]);
    assert_eq!(links(markdown), ["d.md", "f.png"]);
}
