//! What others are told: webhooks, and what was done.
