//! Blocks over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Help, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Confirmation, Created, Done, Located},
    value::{Count, Cursor, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{BlockId, BlockRefusal, LocalMinute, Notes, ResourceId, Suggestions, Timestamp};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{CreateBlock, ListBlocks};
use serde::Serialize;

/// Time in which nothing can be booked.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    /// The block's id.
    id: Shown<BlockId>,
    /// The resource that is off; `null` is the account's own schedule.
    resource_id: Shown<Option<ResourceId>>,
    /// When it begins, in civil time.
    from: Shown<LocalMinute>,
    /// When it ends, in civil time.
    until: Shown<LocalMinute>,
    /// Why.
    reason: Shown<Option<Notes>>,
    /// When it was made.
    created_at: Shown<Timestamp>,
}

impl From<domain::Block> for Block {
    fn from(
        domain::Block {
            id,
            terms,
            created_at,
        }: domain::Block,
    ) -> Self {
        Self {
            id: Shown(id),
            resource_id: Shown(terms.resource),
            from: Shown(terms.from),
            until: Shown(terms.until),
            reason: Shown(terms.reason),
            created_at: Shown(created_at),
        }
    }
}

/// One block.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct BlockResponse {
    /// Always `true`.
    success: Success,
    /// The block.
    block: Resource<Block>,
}

impl From<domain::Block> for BlockResponse {
    fn from(block: domain::Block) -> Self {
        Self {
            success: Success,
            block: Resource(block.into()),
        }
    }
}

/// A page of blocks, by beginning, then id.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockList {
    /// Always `true`.
    success: Success,
    /// How many blocks this answer has.
    count: Shown<Count>,
    /// The blocks.
    blocks: Items<Block>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Block>> for BlockList {
    fn from(shown: ShownPage<Block>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            blocks: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The block that a path names. A path segment that is not an id names no block.
fn named(path: &str) -> Result<BlockId, ApiError> {
    path.parse().map_err(|_| Problem::BlockNotFound.into())
}

impl Located for domain::Block {
    fn location(&self) -> String {
        format!("/blocks/{}", self.id)
    }
}

impl From<&Effect<domain::Block>> for Done<Confirmation> {
    fn from(_: &Effect<domain::Block>) -> Self {
        Confirmation::new("Block removed successfully")
    }
}

impl From<BlockRefusal> for ApiError {
    fn from(refusal: BlockRefusal) -> Self {
        match refusal {
            BlockRefusal::NotFound => Problem::BlockNotFound.into(),
            BlockRefusal::VersionMismatch => Problem::VersionMismatch.into(),
            BlockRefusal::ResourceNotFound => Problem::ResourceNotFound.into(),
            BlockRefusal::TimeTaken(obstruction) => {
                let help = Help::new(obstruction, Suggestions::default());
                Self::from(Problem::TimeConflict).with_help(help)
            }
        }
    }
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[Problem::ResourceNotFound, Problem::TimeConflict];

/// Take time off
///
/// Of any length, if nothing occupies it. Then nothing can be booked in it.
#[api_v2_operation(operation_id = "createBlock", tags("Blocks"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<BlockResponse>>,
    body: Body<CreateBlock>,
) -> Result<Reply<Created<BlockResponse>>, ApiError> {
    let terms = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    replies.to(application.scheduling.blocks.block(&request, terms).await?)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List blocks
///
/// By beginning, then id.
#[api_v2_operation(operation_id = "listBlocks", tags("Blocks"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListBlocks>,
    pages: Pages,
) -> Result<Done<BlockList>, ApiError> {
    let (filter, page) = query.0.into_domain()?;
    let blocks = &application.scheduling.blocks;
    let list = async |page| blocks.list(&caller.0, &filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::BlockNotFound];

/// Get a block
///
/// One that was removed is not found.
#[api_v2_operation(operation_id = "getBlock", tags("Blocks"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<BlockResponse>, ApiError> {
    let blocks = &application.scheduling.blocks;
    Ok(Done::of(blocks.get(&caller.0, named(&path)?).await?))
}

/// The errors of [`remove`].
pub(crate) const REMOVE_ERRORS: &[Problem] = &[Problem::BlockNotFound, Problem::VersionMismatch];

/// Remove a block
///
/// Frees its time at once.
#[api_v2_operation(operation_id = "removeBlock", tags("Blocks"))]
pub(crate) async fn remove(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    replies.to(application.scheduling.blocks.remove(&request, id).await?)
}
