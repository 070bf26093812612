# Builds with `docker build` and with `buildah bud`, also without internet: docs/deployment.md, "The image". The default target is the
# service; `--target simulator` is a simulated Salesforce to try it against.
# There is no `# syntax` line, because a builder would fetch that front end from Docker Hub.

ARG RUST_IMAGE=docker.io/library/rust:1.95-trixie
# Distroless has glibc and the certificate bundle that TLS needs, and no shell.
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot
# The SBOM that `docker buildx build --sbom=true` makes lists the crates of Cargo.lock, too.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

# Vendored crates: `--build-context crates=vendor` takes this stage's place.
FROM scratch AS crates
COPY Cargo.lock /

FROM ${RUST_IMAGE} AS source
# The index of a mirror of crates.io, such as sparse+https://mirror.example/index/
ARG CRATES_INDEX=
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# Cargo.toml names them; only the simulator is ever compiled here.
COPY tests tests
RUN --mount=type=bind,from=crates,target=/crates \
    mkdir .cargo \
    && if [ -d /crates/axum ]; then \
        printf '[net]\noffline = true\n[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "/crates"\n'; \
    elif [ -n "${CRATES_INDEX}" ]; then \
        printf '[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "%s"\n' "${CRATES_INDEX}"; \
    fi >.cargo/config.toml

FROM source AS build-simulator
RUN --mount=type=bind,from=crates,target=/crates \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p salesforce-simulator \
    && cp target/release/salesforce-simulator /salesforce-simulator

FROM ${RUNTIME_IMAGE} AS simulator
LABEL org.opencontainers.image.title="salesforce-simulator" \
      org.opencontainers.image.description="A Salesforce in memory, to try salesforce-transformer against" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build-simulator /salesforce-simulator /salesforce-simulator
USER 65532:65532
EXPOSE 9400
ENV HOST=0.0.0.0
ENTRYPOINT ["/salesforce-simulator"]

FROM source AS build
RUN --mount=type=bind,from=crates,target=/crates \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked -p salesforce-transformer \
    && cp target/dist/salesforce-transformer /salesforce-transformer

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
# ever. Up to 4 MiB are kept for the next batch: to give them back and fetch them anew takes a seventh of an event's CPU time.
ENV MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=4194304
ENTRYPOINT ["/salesforce-transformer"]
