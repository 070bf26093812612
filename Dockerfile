# Builds with `docker build` and with `buildah bud`, also without internet: README, "As a container".
# There is no `# syntax` line, because a builder would fetch that front end from Docker Hub.

ARG RUST_IMAGE=docker.io/library/rust:1.95-trixie
# Distroless has glibc and the certificate bundle that TLS needs, and no shell.
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot
# The SBOM that `docker buildx build --sbom=true` makes lists the crates of Cargo.lock, too.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

# Vendored crates: `--build-context crates=vendor` takes this stage's place.
FROM scratch AS crates
COPY Cargo.lock /

FROM ${RUST_IMAGE} AS build
# The index of a mirror of crates.io, such as sparse+https://mirror.example/index/
ARG CRATES_INDEX=
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# Cargo.toml names both; they are not compiled here.
COPY benches benches
COPY tests tests
RUN --mount=type=bind,from=crates,target=/crates \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    if [ -d /crates/axum ]; then \
        set -- --offline --config 'source.crates-io.replace-with="vendored"' \
            --config 'source.vendored.directory="/crates"'; \
    elif [ -n "${CRATES_INDEX}" ]; then \
        set -- --config 'source.crates-io.replace-with="mirror"' \
            --config "source.mirror.registry=\"${CRATES_INDEX}\""; \
    fi \
    && cargo build --release --locked --bin salesforce-transformer "$@" \
    && cp target/release/salesforce-transformer /salesforce-transformer

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="salesforce-transformer" \
      org.opencontainers.image.description="RudderStack events in, Salesforce requests out" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /salesforce-transformer /salesforce-transformer
# By number: Kubernetes cannot tell that a user with a name is not root, and a mirrored base may not know the name.
USER 65532:65532
EXPOSE 9090
RUN ["/salesforce-transformer", "--version"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/salesforce-transformer", "health"]
# The memory of a large batch goes back to the system once it is answered: the C library would else keep some of it for
# ever. Batches of the usual size are below this and as fast as before.
ENV MALLOC_MMAP_THRESHOLD_=1048576
ENTRYPOINT ["/salesforce-transformer"]
