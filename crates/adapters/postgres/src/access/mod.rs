//! Who may call: what the stores share of it is in `chatgrow-sql`.

mod api_key;
