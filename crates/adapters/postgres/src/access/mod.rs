//! Who may call the API. `chatgrow-sql` has the part that the stores share.

mod api_key;
mod link;
pub(crate) mod quota;
