//! Clients that send garbage get the envelope with a 4xx, and the server goes on.
