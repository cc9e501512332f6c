# The load generator:
#   docker build -f deploy/container/generator.Dockerfile -t burst-lab-generator .
#   docker run --rm burst-lab-generator burst -n 20 -c 20 http://host:3000/e2/p1
FROM rust:1.95-bookworm AS build
WORKDIR /project
COPY . .
RUN deploy/container/build.sh /image

FROM debian:bookworm-slim
COPY --from=build /image/bin/loadtest /usr/local/bin/loadtest
COPY --from=build /image/app /app
# Certificates for https; the slim image has none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532
ENV HOME=/tmp
WORKDIR /app
# The generator serves nothing to check.
HEALTHCHECK NONE
ENTRYPOINT ["loadtest"]
CMD ["--help"]
