//! tmp
use crate::{browser::Theme, page::Page};
#[tokio::test]
async fn smoke() {
    let page = Page::open("explain").await;
    page.browser.resize(360, 800).await;
    page.browser.prefer(Theme::Dark).await;
    println!("{}", page.browser.script("return document.body.innerText + innerWidth + matchMedia('(prefers-color-scheme: dark)').matches").await);
    page.is_clean().await;
}
