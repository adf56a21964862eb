//! Cases for blocks.

use crate::{
    assert_walked, at, earliest, ends_of_the_calendar, first_page, fresh_id, latest, longest, new_account,
    scheduling::{
        appointment::slot,
        occupancy::{block_of, is_free, resources},
    },
    walk,
};
use chatgrow_domain::{AccountId, Block, BlockId, BlockTerms, LocalMinute, Notes};
use chatgrow_ports::{BlockFilter, Commit, PageRequest, StartPosition, Stores};

async fn put(stores: &Stores, account: AccountId, block: &Block) {
    let blocks = &stores.scheduling.blocks;
    blocks.block(account, block, Commit::default()).await.unwrap();
}

async fn all(stores: &Stores, account: AccountId, filter: &BlockFilter) -> Vec<Block> {
    let page = stores.scheduling.blocks.list(account, filter, first_page(500));
    page.await.unwrap().items
}

/// Every field is read back unchanged, from the first minute of the calendar to the last, with the longest reason.
pub async fn block_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let ids = resources(stores, account, 2).await;
    let (first, last) = ends_of_the_calendar();
    let before_last = LocalMinute::from_minutes(last.as_minutes() - 1).unwrap();
    let terms = [
        (Some(ids[0]), first, last, Some(longest(Notes::MAX_CHARS))),
        (None, first, slot(0, 1).start, None),
        (None, slot(0, 1).start, slot(1, 1).start, Some("חופש".to_owned())),
        (Some(ids[1]), before_last, last, None),
    ];
    let mut expected = Vec::new();
    for (index, (resource, from, until, reason)) in terms.into_iter().enumerate() {
        let block = Block {
            id: BlockId::new(fresh_id()),
            terms: BlockTerms {
                resource,
                from,
                until,
                reason: reason.map(|reason| Notes::new(reason).unwrap()),
            },
            created_at: [earliest(), at(0), latest()][index % 3],
        };
        put(stores, account, &block).await;
        let read = stores.scheduling.blocks.by_id(account, block.id).await;
        assert_eq!(
            read.unwrap(),
            Some(block.clone()),
            "what was written is read back as it was, and what is not there is absent"
        );
        expected.push(block);
    }
    expected.sort_by_key(|block| (block.terms.from, block.id));
    assert_eq!(
        all(stores, account, &BlockFilter::default()).await,
        expected,
        "what was written is read back as it was, and what is not there is absent"
    );
    let blocks = &stores.scheduling.blocks;
    let nothing = blocks.by_id(account, BlockId::new(fresh_id())).await;
    assert_eq!(nothing.unwrap(), None, "what is not there is absent");
    for block in expected {
        for there in [true, false] {
            let removed = blocks.remove(account, block.id, Commit::default()).await;
            assert_eq!(removed.unwrap(), there, "a block is removed once");
        }
        assert_eq!(
            blocks.by_id(account, block.id).await.unwrap(),
            None,
            "what was removed is gone"
        );
    }
    for place in [None, Some(ids[0]), Some(ids[1])] {
        assert!(
            is_free(stores, account, place, slot(0, 1)).await,
            "what was removed takes nothing"
        );
    }
}

/// Each filter selects what it says, alone and combined.
pub async fn blocks_are_filtered(stores: &Stores) {
    let account = new_account(stores).await;
    let ids = resources(stores, account, 2).await;
    let made = [
        block_of(None, 0, 60),
        block_of(Some(ids[0]), 30, 5000),
        block_of(Some(ids[1]), 60, 61),
        block_of(Some(ids[0]), 6000, 6060),
    ];
    for block in &made {
        put(stores, account, block).await;
    }
    let minute = |minutes| Some(slot(minutes, 1).start);
    for (from, before, resource, expected) in [
        (None, None, None, vec![0, 1, 2, 3]),
        (minute(30), None, None, vec![1, 2, 3]),
        (minute(31), None, None, vec![2, 3]),
        (None, minute(60), None, vec![0, 1]),
        (None, None, Some(ids[0]), vec![1, 3]),
        (minute(31), minute(6001), Some(ids[0]), vec![3]),
        (minute(0), minute(6000), Some(ids[1]), vec![2]),
    ] {
        let filter = BlockFilter {
            from,
            before,
            resource,
        };
        let expected: Vec<_> = expected.into_iter().map(|nth: usize| made[nth].clone()).collect();
        assert_eq!(all(stores, account, &filter).await, expected, "{filter:?}");
    }
}

/// Blocks are listed by beginning, then by id. Each that existed at the start is listed once, whatever is blocked
/// meanwhile.
pub async fn block_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let ids = resources(stores, account, 2).await;
    for index in [5, 3, 8, 1, 9] {
        for id in &ids {
            put(stores, account, &block_of(Some(*id), index * 10, index * 10 + 1)).await;
        }
    }
    let any = BlockFilter::default();
    let list = |page: PageRequest<StartPosition<BlockId>>| stores.scheduling.blocks.list(account, &any, page);
    let whole = walk(10, list, async || panic!("a full last page is the last")).await;
    assert_eq!(whole.len(), 10, "one page holds them all");
    let seen = walk(3, list, async || {
        for minute in [-7, 47, 2000] {
            if is_free(stores, account, None, slot(minute, 1)).await {
                put(stores, account, &block_of(None, minute, minute + 1)).await;
            }
        }
    })
    .await;
    let positions = |blocks: &[Block]| {
        blocks
            .iter()
            .map(|block| (block.terms.from, block.id))
            .collect::<Vec<_>>()
    };
    assert_walked(&positions(&whole), &positions(&seen));
}
