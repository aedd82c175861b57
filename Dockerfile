# An image with rosey: docker build -t rosey . && docker run --rm -v "$PWD:/work" rosey plan --url sqlite:///bot_data.db
FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# Cargo checks that the targets named in Cargo.toml exist, whether it builds them or not.
COPY benches benches
COPY tests/cases.rs tests/cases.rs
RUN cargo build --locked --release --bin rosey

FROM debian:trixie-slim
# Certificates for TLS, and pg_dump for backups. It must not be older than the server: Debian 13 has 17.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home rosey
COPY --from=build /src/target/release/rosey /usr/local/bin/rosey
USER rosey
WORKDIR /work
ENTRYPOINT ["rosey"]
