//! How each view looks: in both themes, from a phone's width to a large screen's.

use crate::{
    browser::Theme,
    page::{Page, VIEWS},
    scene,
};

/// The widths that the page is made for.
const WIDTHS: [u32; 4] = [360, 768, 1_440, 1_920];

/// How light the text and the background are, from 0 to 1.
const LIGHTNESS: &str = "const light = (colour) => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d');
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((all, part) => all + part / 765, 0);
    };
    const style = getComputedStyle(document.body);
    const back = [document.body, document.documentElement].map((it) => getComputedStyle(it).backgroundColor);
    return [light(style.color), light(back.find((it) => !it.endsWith(', 0)')) ?? 'Canvas')];";

#[tokio::test]
async fn the_theme_is_the_systems() {
    let page = Page::open("explain").await;
    for theme in Theme::BOTH {
        page.browser.prefer(theme).await;
        let lightness = page.browser.script(LIGHTNESS).await;
        let [text, back] = [0, 1].map(|part| lightness[part].as_f64().unwrap());
        match theme {
            Theme::Light => assert!(text < 0.3 && back > 0.9, "{text} on {back}"),
            Theme::Dark => assert!(text > 0.7 && back < 0.2, "{text} on {back}"),
        }
    }
}

#[tokio::test]
async fn no_view_is_wider_than_its_window() {
    let page = scene::page().await;
    for view in VIEWS {
        scene::show(&page, view).await;
        for width in WIDTHS {
            page.browser.resize(width, 900).await;
            let widths = "const {scrollWidth, clientWidth} = document.documentElement; return [scrollWidth, clientWidth]";
            let widths = page.browser.script(widths).await;
            assert_eq!(widths[0], widths[1], "{view} at {width} pixels");
        }
    }
    page.is_clean().await;
}
