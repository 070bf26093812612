//! The pictures of `docs/explain.md`, taken anew: `cargo test --test browser pictures -- --ignored`.

use std::fs;

use crate::{browser::Theme, page::VIEWS, scene};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/images");

/// A phone's window and an ordinary one: width, height.
const WINDOWS: [(u32, u32); 2] = [(360, 720), (1_440, 900)];

/// What a picture may weigh, in bytes.
const MOST: usize = 40_000;

#[tokio::test]
#[ignore = "writes docs/images"]
async fn pictures() {
    fs::create_dir_all(FOLDER).unwrap();
    let page = scene::page().await;
    for view in VIEWS {
        scene::show(&page, view).await;
        for theme in Theme::BOTH {
            page.browser.prefer(theme).await;
            for (width, height) in WINDOWS {
                page.browser.resize(width, height).await;
                let picture = page.browser.picture().await;
                let name = format!("{view}-{}-{width}.webp", theme.name());
                assert!(picture.len() <= MOST, "{name}: {} bytes", picture.len());
                fs::write(format!("{FOLDER}/{name}"), picture).unwrap();
            }
        }
    }
}
