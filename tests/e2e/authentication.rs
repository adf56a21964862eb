//! Keys and accounts: every operation without a key and with another account's key.
