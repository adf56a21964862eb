//! What others are told. `chatgrow-sql` has the part that the stores share.

mod change;
mod lane;
mod webhook_endpoint;
