//! Lists come in pages. A page continues *after a position*, not at a number, so rows that come or go elsewhere in the
//! list neither repeat nor hide an item.

use chatgrow_domain::{LocalMinute, PageLimit};

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<P> {
    /// The most items.
    pub limit: PageLimit,
    /// Begin after this position; `None` begins at the first item.
    pub after: Option<P>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<P>,
}

/// An item of a list, and its position in the list's order.
pub trait Listed {
    /// What a page continues after.
    type Position;

    /// The item's position.
    fn position(&self) -> Self::Position;
}

/// A place in a list that is ordered by start, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartPosition<Id> {
    /// When the item starts.
    pub start: LocalMinute,
    /// Its id.
    pub id: Id,
}
