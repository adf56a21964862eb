//! The stylesheet, the script and the icon. Their names contain a hash of their content, so browsers keep them for
//! good.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::Path,
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

struct Asset {
    path: String,
    content: &'static str,
    content_type: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, content: &'static str, content_type: &'static str) -> Self {
        let [one, two, three, four, ..] = *Sha256::digest(content).as_slice() else {
            unreachable!("a digest has 32 bytes")
        };
        let hash = u32::from_be_bytes([one, two, three, four]);
        Self {
            path: format!("/console/assets/{stem}-{hash:08x}.{extension}"),
            content,
            content_type,
        }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "console",
        "css",
        include_str!("../assets/console.css"),
        "text/css; charset=utf-8",
    )
});

static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "console",
        "js",
        include_str!("../assets/console.js"),
        "text/javascript; charset=utf-8",
    )
});

static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", include_str!("../assets/icon.svg"), "image/svg+xml"));

/// The path of the stylesheet.
pub(crate) fn style() -> &'static str {
    &STYLE.path
}

/// The path of the script.
pub(crate) fn script() -> &'static str {
    &SCRIPT.path
}

/// The path of the icon.
pub(crate) fn icon() -> &'static str {
    &ICON.path
}

pub(crate) async fn asset(name: Path<String>) -> HttpResponse {
    let named = |asset: &&&LazyLock<Asset>| asset.path.rsplit('/').next() == Some(name.as_str());
    match [&STYLE, &SCRIPT, &ICON].iter().find(named) {
        Some(asset) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, asset.content_type))
            .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .insert_header(crate::guard::content_policy())
            .body(asset.content),
        None => HttpResponse::NotFound().finish(),
    }
}
