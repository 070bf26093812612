# syntax=docker/dockerfile:1
# The base images are arguments, so that a mirror can be named:
#   docker build --build-arg RUST_IMAGE=mirror.example/rust:1.95-trixie .
ARG RUST_IMAGE=rust:1.95-trixie
# Distroless has the certificate bundle that TLS needs, a non-root user, and no shell.
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY src src
# Cargo.toml names the tests; they are not compiled here.
COPY tests tests
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked \
    && cp target/release/salesforce-transformer /salesforce-transformer

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="salesforce-transformer" \
      org.opencontainers.image.description="RudderStack events in, Salesforce requests out" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /salesforce-transformer /salesforce-transformer
USER nonroot
EXPOSE 9090
RUN ["/salesforce-transformer", "--version"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/salesforce-transformer", "health"]
ENTRYPOINT ["/salesforce-transformer"]
