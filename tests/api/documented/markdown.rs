//! Reads as much of Markdown as the documentation is written in: sections, tables, links.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The folder of the project.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project.
pub(super) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below folders of the project whose names end in one of these, but for what has been built or recorded.
pub(super) fn files(folders: &[&str], endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = left.pop() {
        if path.is_file() {
            let name = path.to_str().unwrap();
            found.extend(
                endings
                    .iter()
                    .any(|end| name.ends_with(end))
                    .then_some(path),
            );
            continue;
        }
        let is_ours = !["target", "corpus", "artifacts"]
            .iter()
            .any(|name| path.ends_with(name));
        for entry in fs::read_dir(&path)
            .into_iter()
            .flatten()
            .filter(|_| is_ours)
        {
            left.push(entry.unwrap().path());
        }
    }
    found.sort();
    found
}

/// The lines outside of code blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_fence && !is_code
    })
}

/// What a page has below a heading, up to the next one of the same or a higher level.
pub(crate) fn section(page: &str, heading: &str) -> String {
    let level = heading.split(' ').next().unwrap().len();
    let mut lines = prose(page).skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "there is no heading {heading:?}");
    let ends = |line: &&str| {
        let marks = line.chars().take_while(|letter| *letter == '#').count();
        (1..=level).contains(&marks)
    };
    let lines: Vec<_> = lines.take_while(|line| !ends(line)).collect();
    lines.join("\n")
}

/// The words in backticks in the first column of all tables of a text.
pub(crate) fn first_column(text: &str) -> BTreeSet<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = cells.filter_map(|line| line.split(" |").next());
    cells
        .flat_map(in_backticks)
        .map(ToOwned::to_owned)
        .collect()
}

/// The words in backticks of a line.
fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Where the links of a page lead to, other sites apart.
pub(super) fn links(page: &str) -> Vec<String> {
    let targets = prose(page).flat_map(|line| line.split("](").skip(1));
    let targets = targets.filter_map(|rest| rest.split(')').next());
    let ours = targets.filter(|target| !target.starts_with("http"));
    ours.map(ToOwned::to_owned).collect()
}

/// The names under which the headings of a page can be linked to.
pub(super) fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#'));
    let titles = headings.filter_map(|line| line.split_once(' '));
    titles.map(|(_, title)| anchor(title)).collect()
}

/// As GitHub makes it: in lower case, spaces as hyphens, without punctuation.
fn anchor(title: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let title = title.to_lowercase();
    title
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}
