# The embedded host with the lab's application:
#   docker build -f deploy/container/host.Dockerfile -t burst-lab-host .
#   docker run --rm -p 3000:3000 burst-lab-host
FROM rust:1.95-bookworm AS build
WORKDIR /project
COPY . .
RUN deploy/container/build.sh /image

FROM debian:bookworm-slim
COPY --from=build /image/bin/loadtest /usr/local/bin/loadtest
COPY --from=build /image/app /app
# Unprivileged: the host writes only to /tmp.
USER 65532:65532
ENV HOME=/tmp
WORKDIR /app
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=2s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3000 && printf 'GET /.well-known/spin/health HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '200 OK' <&3"]
ENTRYPOINT ["loadtest", "serve", "--no-build", "--listen", "0.0.0.0:3000", "--log-dir", "/tmp/logs"]
CMD ["spin.toml"]
