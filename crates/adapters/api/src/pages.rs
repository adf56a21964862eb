//! Pages of lists, bounded in bytes as well as in items. The items are read a few at a time and serialized at once, so
//! a page takes little memory whatever it contains. `nextCursor` continues wherever the page ends.

use crate::{
    access::authentication::Authenticated,
    connection::in_flight::InFlight,
    error::{ApiError, Problem},
    query::Position,
    value::{Count, Cursor, Resource, Shown},
};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Data};
use chatgrow_domain::{AccountId, PageLimit};
use chatgrow_ports::{Listed, Page, PageRequest};
use paperclip::{
    actix::OperationModifier,
    v2::{models::DefaultSchemaRaw, schema::Apiv2Schema},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::{
    future::{Ready, ready},
    marker::PhantomData,
};
use tokio::task::yield_now;

/// The most bytes of the items of one page. A page with a single item may be larger.
const MOST: usize = 1 << 20;

/// How many items are read at a time.
const SOME: u16 = 100;

/// Makes the pages of one request's account.
pub(crate) struct Pages {
    in_flight: Data<InFlight>,
    account: AccountId,
}

impl FromRequest for Pages {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let in_flight = request.app_data::<Data<InFlight>>().cloned();
        let account = request
            .extensions()
            .get::<Authenticated>()
            .map(Authenticated::account);
        let pages = in_flight.zip(account);
        ready(
            pages
                .map(|(in_flight, account)| Self { in_flight, account })
                .ok_or_else(|| ApiError::from(Problem::Internal).because("a list stands outside of the API")),
        )
    }
}

impl Pages {
    /// The requested page of what `list` reads, with each item shown as a `W`.
    pub(crate) async fn page<T, W, E>(
        &self,
        request: PageRequest<T::Position>,
        list: impl AsyncFn(PageRequest<T::Position>) -> Result<Page<T, T::Position>, E>,
    ) -> Result<ShownPage<W>, ApiError>
    where
        T: Listed<Position: Position + Copy>,
        W: From<T> + Serialize,
        ApiError: From<E>,
    {
        let _turn = self.in_flight.list(self.account, MOST as u64).await?;
        let PageRequest { limit, mut after } = request;
        let (mut items, mut bytes) = (Items::default(), 0);
        loop {
            let wanted = limit.get() - items.count();
            let some = PageLimit::new(wanted.min(SOME).into()).unwrap_or(limit);
            let page = list(PageRequest { limit: some, after }).await?;
            for item in page.items {
                let position = item.position();
                let json = to_raw_value(&W::from(item)).map_err(unwritable)?;
                bytes += json.get().len();
                if bytes > MOST && items.count() > 0 {
                    return Ok(ShownPage::new(items, after.as_ref()));
                }
                items.json.push(json);
                after = Some(position);
            }
            if page.next.is_none() || items.count() >= limit.get() {
                return Ok(ShownPage::new(items, page.next.as_ref()));
            }
            // Lets other requests of this worker run during a long list.
            yield_now().await;
        }
    }
}

/// Serialization of structs of strings and numbers doesn't fail.
fn unwritable(error: serde_json::Error) -> ApiError {
    ApiError::from(Problem::Internal).because(error)
}

/// A page as it is shown in an answer.
pub(crate) struct ShownPage<W> {
    pub(crate) count: Shown<Count>,
    pub(crate) items: Items<W>,
    pub(crate) next_cursor: Shown<Option<Cursor>>,
}

impl<W> ShownPage<W> {
    fn new(items: Items<W>, next: Option<&impl Position>) -> Self {
        Self {
            count: Shown(Count(items.json.len())),
            items,
            next_cursor: Shown(next.map(Position::encode)),
        }
    }
}

/// Items that are serialized already.
pub(crate) struct Items<W> {
    json: Vec<Box<RawValue>>,
    _of: PhantomData<W>,
}

impl<W> Default for Items<W> {
    fn default() -> Self {
        Self {
            json: Vec::new(),
            _of: PhantomData,
        }
    }
}

impl<W> Items<W> {
    /// The number of items. A page never has more than fit.
    fn count(&self) -> u16 {
        u16::try_from(self.json.len()).unwrap_or(u16::MAX)
    }
}

impl<W> Serialize for Items<W> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<W: Apiv2Schema> Apiv2Schema for Items<W> {
    fn raw_schema() -> DefaultSchemaRaw {
        Vec::<Resource<W>>::raw_schema()
    }
}

impl Apiv2Schema for Pages {}

impl OperationModifier for Pages {}
