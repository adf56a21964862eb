//! Lists come in pages. A page continues *after a position*, not at an offset. So a row that is added or deleted
//! elsewhere in the list neither repeats an item nor hides one.

use chatgrow_domain::{LocalMinute, PageLimit};

/// Which part of a list to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<P> {
    /// The maximum number of items.
    pub limit: PageLimit,
    /// The position after which the page begins; `None` for the first page.
    pub after: Option<P>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The position after which the next page begins; `None` on the last page.
    pub next: Option<P>,
}

/// An item of a list, which knows its position in the list's order.
pub trait Listed {
    /// The position after which a page can continue.
    type Position;

    /// The item's position.
    fn position(&self) -> Self::Position;
}

/// A position in a list that is ordered by start, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartPosition<Id> {
    /// When the item starts.
    pub start: LocalMinute,
    /// The item's id.
    pub id: Id,
}
