//! Blocks: time off.

use crate::{
    RowId,
    columns::{Window, rows_for},
    guards::{Guard, GuardedRefusal},
    scheduling::occupancy::{AppointmentRow, IS_BLOCK, row_of},
    schema::appointments::{self, dsl},
    steps::{Step, StepRefusal},
};
use chatgrow_domain::{AccountId, Block, BlockId, BlockRefusal, BlockTerms, Notes};
use chatgrow_ports::{BlockFilter, PageRequest, StartPosition, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::Bool,
};

/// A block as it is read.
#[derive(Queryable, Selectable)]
pub struct BlockRow {
    #[diesel(embed)]
    row: AppointmentRow,
}

impl TryFrom<BlockRow> for Block {
    type Error = StoreError;

    fn try_from(BlockRow { row }: BlockRow) -> Result<Self, StoreError> {
        let read = row.reader();
        let (resource, from, until) = row.block()?;
        Ok(Self {
            id: BlockId::new(row.id.object_id()),
            created_at: read.timestamp("created_at", row.created_at)?,
            terms: BlockTerms {
                resource,
                from,
                until,
                reason: read.optional("notes", row.notes, Notes::new)?,
            },
        })
    }
}

/// The block with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<BlockRow, DB> = BlockRow::as_select();
    let block: row_of = row_of(account, id, IS_BLOCK);
    block.select(row)
}

/// A page of the blocks in the filter's period, ordered by beginning, then by id. The implementation of the port adds
/// the resource.
pub fn list<DB: Backend>(
    account: AccountId,
    filter: &BlockFilter,
    page: &PageRequest<StartPosition<BlockId>>,
) -> list_after<DB> {
    let Window {
        from,
        before,
        start,
        id,
    } = Window::new(filter.from, filter.before, page.after.as_ref(), BlockId::as_bytes);
    list_after(account.as_bytes().into(), from, before, start, id, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, from: i64, before: i64, start: i64, id: RowId, rows: i64) -> _ {
    let row: AsSelect<BlockRow, DB> = BlockRow::as_select();
    let is_block: SqlLiteral<Bool> = sql(IS_BLOCK);
    appointments::table
        .filter(dsl::account_id.eq(account))
        .filter(is_block)
        .filter(dsl::starts_at.ge(from))
        .filter(dsl::starts_at.lt(before))
        .filter(dsl::starts_at.gt(start).or(dsl::id.gt(id)))
        .order((dsl::starts_at, dsl::id))
        .limit(rows)
        .select(row)
}

/// The block to remove.
pub fn removed(account: RowId, id: RowId) -> row_of {
    row_of(account, id, IS_BLOCK)
}

impl GuardedRefusal for BlockRefusal {
    fn of(guard: Guard) -> Option<Self> {
        (guard == Guard::AppointmentSlot).then_some(Self::TimeTaken(None))
    }
}

impl StepRefusal for BlockRefusal {
    fn without_effect(_: &Step) -> Self {
        Self::TimeTaken(None)
    }
}

/// Implements [`BlockStore`](chatgrow_ports::BlockStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! block_store {
    ($store:ty { $find:ident, $page:ident, $execute:ident, $carry_out:ident }) => {
        const _: () = {
            use $crate::{
                RowId,
                port::*,
                scheduling::{
                    block::{self, BlockRow},
                    occupancy::AppointmentRow,
                },
                schema::appointments::dsl,
                steps::Step,
            };

            #[async_trait]
            impl BlockStore for $store {
                async fn block(
                    &self,
                    account: AccountId,
                    block: &Block,
                    commit: Commit,
                ) -> Result<(), Failure<BlockRefusal>> {
                    let row = AppointmentRow::of_block(account, block);
                    self.$carry_out(commit, vec![Step::Insert(row)]).await
                }

                async fn by_id(&self, account: AccountId, id: BlockId) -> Result<Option<Block>, StoreError> {
                    let block = block::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<BlockRow, _>(block).await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    filter: &BlockFilter,
                    request: PageRequest<StartPosition<BlockId>>,
                ) -> Result<Page<Block, StartPosition<BlockId>>, StoreError> {
                    let mut query = block::list(account, filter, &request).into_boxed();
                    if let Some(resource) = filter.resource {
                        query = query.filter(dsl::resource_id.eq(RowId::from(resource.as_bytes())));
                    }
                    self.$page::<BlockRow, _>(query, request).await
                }

                async fn remove(
                    &self,
                    account: AccountId,
                    id: BlockId,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    let block = block::removed(account.as_bytes().into(), id.as_bytes().into());
                    Ok(self
                        .$execute::<StoreError>(commit, diesel::delete(block))
                        .await?
                        > 0)
                }
            }
        };
    };
}
