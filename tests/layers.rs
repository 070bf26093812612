//! Holds the imports of `src` to the layers of the crate: they go down, and never in a circle.
//!
//! `LAYERS` is the order, from the top. Every path that begins with `crate`, `self` or `super` is read, in `use` items and
//! elsewhere, in tests inside `src` too. A path through a re-export counts as one to the module that defines the item;
//! one to an item of `lib.rs`, or to one that `lib.rs` re-exports, counts as one to `lib.rs`.
//! Two rules hold: nothing above is used, and modules beside each other, at any depth, do not use each other in a circle.
//! A module and the modules inside it count as one there: `super::App` in a handler is no circle.
#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read fails the test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

/// The layers from the top. What stands on one line may use each other, but not in a circle.
const LAYERS: &[&[&str]] = &[
    &["main", "health"],
    &["lib", "internals"],
    &["http"],
    &["upstream", "check", "compare", "explain", "tail"],
    &["pipeline"],
    &["reply", "delivery", "events"],
    &["transform"],
    &["salesforce"],
    &["rudderstack"],
    &["server"],
    &["shared_state"],
    &["metrics", "config"],
    &["text"],
    &["json", "lifecycle", "process"],
];

/// The path of a module below the crate: `["salesforce", "client"]`; the crate itself is `[]`.
type ModulePath = Vec<String>;

/// A path in the source: who uses what, and where.
struct Import {
    file: String,
    line: usize,
    from: ModulePath,
    to: ModulePath,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from.join("::"), self.to.join("::"));
        write!(f, "src/{}:{}: {from} uses {to}", self.file, self.line)
    }
}

#[test]
fn imports_go_down_the_layers() {
    let upward: Vec<String> = imports(&sources()).iter().filter_map(goes_up).collect();
    assert!(upward.is_empty(), "\n{}\n", upward.join("\n"));
}

#[test]
fn no_modules_beside_each_other_use_each_other_in_a_circle() {
    let circles = circles(&imports(&sources()));
    assert!(circles.is_empty(), "\n{}\n", circles.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    for module in sources().keys().filter_map(|module| module.first()) {
        assert!(rank(module).is_some(), "{module} has no line in LAYERS");
    }
}

#[test]
fn an_import_that_goes_up_is_found_in_whatever_form_it_is_written() {
    for text in [
        "use crate::http::App;",
        "use crate::{\n    json::Value,\n    http::{self, App},\n};",
        "fn f() -> crate::http::App {}",
        "mod tests {\n    use super::super::http::App;\n}",
        "pub use super::http;",
        "use crate::Config;",
        "use crate::*;",
    ] {
        let sources = BTreeMap::from([source("json", text), source("http", "")]);
        let found = imports(&sources);
        assert!(
            found.iter().any(|import| goes_up(import).is_some()),
            "{text}"
        );
    }
}

#[test]
fn words_in_comments_and_texts_are_no_imports() {
    let text =
        "//! [`crate::http`]\n/* crate::http */ const A: &str = \"crate::http\"; // crate::http";
    assert!(imports(&BTreeMap::from([source("json", text), source("http", "")])).is_empty());
}

#[test]
fn a_circle_through_a_re_export_is_found() {
    let sources = BTreeMap::from([
        source("salesforce", "pub use self::key::Key;"),
        source("salesforce::key", "use super::client::Client;"),
        source("salesforce::client", "use crate::salesforce::Key;"),
    ]);
    let circles = circles(&imports(&sources)).join("\n");
    assert!(
        circles.contains("src/salesforce/client.rs:1: "),
        "{circles}"
    );
    assert!(circles.contains("src/salesforce/key.rs:1: "), "{circles}");
}

fn source(module: &str, text: &str) -> (ModulePath, String) {
    (segments(module), text.to_owned())
}

fn segments(path: &str) -> ModulePath {
    path.split("::")
        .map(|segment| segment.trim().to_owned())
        .collect()
}

/// The text of each file of `src`, without comments and strings, by its module.
fn sources() -> BTreeMap<ModulePath, String> {
    let mut found = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    collect(&root, &root, &mut found);
    assert!(found.len() > 100, "only {} files were found", found.len());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<ModulePath, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = path.strip_prefix(root).unwrap().with_extension("");
            let module = module
                .iter()
                .map(|part| part.to_str().unwrap().to_owned())
                .collect();
            found.insert(module, fs::read_to_string(&path).unwrap());
        }
    }
}

/// All imports between modules that have a file.
fn imports(sources: &BTreeMap<ModulePath, String>) -> Vec<Import> {
    let exports = re_exports(sources);
    let mut imports = Vec::new();
    for (module, text) in sources {
        for (line, path) in paths(&code_of(text)) {
            let Some(path) = absolute(module, &path, &exports, sources) else {
                continue;
            };
            if path != *module {
                imports.push(Import {
                    file: format!("{}.rs", module.join("/")),
                    line,
                    from: module.clone(),
                    to: path,
                });
            }
        }
    }
    imports
}

/// Which names a module passes on from the modules inside it.
fn re_exports(
    sources: &BTreeMap<ModulePath, String>,
) -> BTreeMap<(ModulePath, String), ModulePath> {
    let mut found = BTreeMap::new();
    for (module, text) in sources {
        for (_, path) in paths(&code_of(text)) {
            let inside = path.strip_prefix(&["self".to_owned()]).unwrap_or(&path);
            let mut target = module.clone();
            target.extend(inside.iter().cloned());
            let name = target.last().cloned().unwrap_or_default();
            if inside.len() > 1 && sources.contains_key(&target[..=module.len()]) {
                found.insert((module.clone(), name), target);
            }
        }
    }
    found
}

/// The module with a file in which what a path names is defined.
fn absolute(
    module: &[String],
    path: &[String],
    exports: &BTreeMap<(ModulePath, String), ModulePath>,
    sources: &BTreeMap<ModulePath, String>,
) -> Option<ModulePath> {
    let ups = path
        .iter()
        .take_while(|segment| *segment == "super")
        .count();
    let (base, rest) = match path.first()?.as_str() {
        "crate" => (&[][..], &path[1..]),
        "self" => (module, &path[1..]),
        "super" => (module.get(..module.len().checked_sub(ups)?)?, &path[ups..]),
        _ => return None,
    };
    let mut rest: Vec<String> = rest.iter().rev().cloned().collect();
    let mut reached = base.to_vec();
    while let Some(segment) = rest.pop() {
        let mut next = reached.clone();
        next.push(segment.clone());
        if sources.contains_key(&next) {
            reached = next;
        } else if let Some(target) = exports.get(&(reached.clone(), segment)) {
            let target = target[reached.len()..].iter().rev().cloned();
            rest.extend(target);
        } else {
            break;
        }
    }
    // What no module inside the crate defines is an item of lib.rs, or all of them: `crate::Config`, `crate::*`.
    if reached.is_empty() {
        reached.push("lib".to_owned());
    }
    Some(reached)
}

/// What is wrong with an import that does not go down.
fn goes_up(import: &Import) -> Option<String> {
    let (from, to) = (rank(import.from.first()?)?, rank(import.to.first()?)?);
    (to < from).then(|| format!("{import}, which stands above it: imports go down the layers"))
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// One text for each import that is part of a circle of modules beside each other. An import that goes up is reported by
/// itself and would close a circle through half of the crate, so it is left out here.
fn circles(imports: &[Import]) -> Vec<String> {
    let mut beside: BTreeMap<ModulePath, BTreeMap<&str, BTreeMap<&str, &Import>>> = BTreeMap::new();
    for import in imports.iter().filter(|import| goes_up(import).is_none()) {
        let common = import
            .from
            .iter()
            .zip(&import.to)
            .take_while(|(a, b)| a == b)
            .count();
        if let (Some(from), Some(to)) = (import.from.get(common), import.to.get(common)) {
            let edges = beside.entry(import.from[..common].to_vec()).or_default();
            edges.entry(from).or_default().entry(to).or_insert(import);
        }
    }
    beside.values().flat_map(circles_of).collect()
}

fn circles_of(edges: &BTreeMap<&str, BTreeMap<&str, &Import>>) -> Vec<String> {
    let mut texts = Vec::new();
    for (from, targets) in edges {
        for (to, import) in targets {
            if reaches(edges, to, from, &mut BTreeSet::new()) {
                texts.push(format!("{import}, which uses it too: a circle"));
            }
        }
    }
    texts
}

fn reaches<'a>(
    edges: &BTreeMap<&'a str, BTreeMap<&'a str, &Import>>,
    from: &'a str,
    to: &str,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    from == to
        || seen.insert(from)
            && edges
                .get(from)
                .is_some_and(|targets| targets.keys().any(|next| reaches(edges, next, to, seen)))
}

/// Every path of a text with at least two segments, `use` trees taken apart, with its line.
fn paths(code: &str) -> Vec<(usize, ModulePath)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(length) = code[at..].find("::") {
        let begin = code[..at + length]
            .rfind(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(0, |i| i + 1);
        let line = code[..begin].matches('\n').count() + 1;
        let first = found.len();
        at = begin + tree(&code[begin..], &[], line, &mut found).max(length + 2 + at - begin);
        if code[begin..].starts_with("super") {
            let inside = inline_modules(&code[..begin]);
            let paths = found[first..].iter_mut();
            paths.for_each(|(_, path)| leave(inside, path));
        }
    }
    found
}

/// How many modules without a file of their own are open at the end of a text: `mod tests {`.
fn inline_modules(code: &str) -> usize {
    let mut open = Vec::new();
    for (at, brace) in code.match_indices(['{', '}']) {
        let before = code[..at]
            .rsplit([';', '}', '{'])
            .next()
            .unwrap_or_default();
        match brace {
            "{" => open.push(before.split_whitespace().rev().nth(1) == Some("mod")),
            _ => drop(open.pop()),
        }
    }
    open.into_iter().filter(|is_module| *is_module).count()
}

/// Turns a path inside modules without a file into one of the file's module.
fn leave(modules: usize, path: &mut ModulePath) {
    let ups = path
        .iter()
        .take_while(|segment| *segment == "super")
        .count();
    if modules > 0 && ups > 0 {
        path.drain(..ups.min(modules));
        path.insert(0, "self".to_owned());
        if path.get(1).is_some_and(|next| next == "super") {
            path.remove(0);
        }
    }
}

/// Reads a path or a `use` tree; gives its length.
fn tree(code: &str, above: &[String], line: usize, found: &mut Vec<(usize, ModulePath)>) -> usize {
    let mut path = above.to_vec();
    let mut at = 0;
    loop {
        let name = code[at..].find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = &code[at..name.map_or(code.len(), |length| at + length)];
        at += name.len();
        if !name.is_empty() && (name != "self" || path.is_empty()) {
            path.push(name.to_owned());
        }
        if !code[at..].starts_with("::") {
            break;
        }
        at += 2;
        if code[at..].starts_with('{') {
            return branches(code, at + 1, &path, line, found);
        }
    }
    found.push((line, path));
    at
}

/// Reads what stands in the braces of a `use` tree; gives the position after them.
fn branches(
    code: &str,
    mut at: usize,
    path: &[String],
    line: usize,
    found: &mut Vec<(usize, ModulePath)>,
) -> usize {
    while let Some(next) = code[at..].chars().next() {
        match next {
            '}' => return at + 1,
            c if c.is_alphanumeric() || c == '_' => {
                let line = line + code[..at].matches('\n').count();
                at += tree(&code[at..], path, line, found);
                if code[at..].starts_with(" as ") {
                    at += " as ".len();
                    at += code[at..].find([',', '}', '\n']).unwrap_or_default();
                }
            }
            c => at += c.len_utf8(),
        }
    }
    at
}

/// The text without comments and strings; lines stay where they are.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if next == '"' {
            string_length(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').map_or(1, |end| end + 2)
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
        code.push(' ');
        rest = &rest[skipped..];
    }
    code
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        match next {
            '"' if !escaped => return at + 1,
            _ => escaped = next == '\\' && !escaped,
        }
    }
    text.len()
}
