# Written with care, but NOT tried: there was no container engine where it was written.
#
#     docker build --tag chatgrow .
#     docker run --publish 3000:3000 --volume chatgrow:/var/lib/chatgrow --stop-timeout 40 chatgrow
#
# The first start prints the first API key to standard output, which the container engine keeps in its log. So create
# another key with `chatgrow keys create`, and revoke the first. More in docs/operations.md.

FROM rust:1-bookworm AS build
WORKDIR /src
# .dockerignore allows only what a build needs.
COPY . .
# BuildKit caches the build directory between builds. It is not a part of the image, so the binary is copied out of it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked && cp target/release/chatgrow /chatgrow

FROM debian:bookworm-slim
# The certificate authorities that `sslmode=verify-full` trusts if the URL names none. SQLite and TLS are in the binary.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 chatgrow \
    && useradd --uid 10001 --gid chatgrow --home-dir /var/lib/chatgrow --create-home --shell /usr/sbin/nologin chatgrow
COPY --from=build /chatgrow /usr/local/bin/chatgrow
USER 10001:10001
WORKDIR /var/lib/chatgrow
# Keep it on a local disk: SQLite's WAL needs one.
VOLUME /var/lib/chatgrow
ENV HOST=0.0.0.0 \
    PORT=3000 \
    DATABASE_URL=sqlite:///var/lib/chatgrow/chatgrow.db
EXPOSE 3000
# Checks whether the process lives, not whether the database does, because restarting an unhealthy container couldn't
# repair the database. The image has no curl, but bash speaks enough HTTP.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["bash", "-c", "exec 3<>\"/dev/tcp/127.0.0.1/$PORT\" && printf 'GET /health/live HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '200 OK' <&3"]
ENTRYPOINT ["chatgrow"]
