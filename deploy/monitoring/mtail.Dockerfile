FROM debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends mtail && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["mtail", "--logtostderr"]
