# Two images: "server" is the control server with the job's jar beside it, "flink" is a Flink with this repository's
# configuration.

FROM eclipse-temurin:17.0.15_6-jdk-jammy AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl unzip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
# Tests and checks run before an image is built, not in it: they need Pulsar and Milvus.
RUN ./mvnw --batch-mode -Dmaven.test.skip=true -Dspotless.check.skip=true package \
    && mv control-server/target/control-server /milvus-cdc \
    && mv /milvus-cdc/lib/milvus-cdc-control-server-*.jar /milvus-cdc/lib/control-server.jar

FROM eclipse-temurin:17.0.15_6-jre-jammy AS server
# The user id of the Flink image, since both write below /checkpoints.
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 9999 cdc \
    && useradd --uid 9999 --gid cdc --home-dir /milvus-cdc cdc \
    && mkdir /checkpoints \
    && chown cdc:cdc /checkpoints
COPY --from=build /milvus-cdc /milvus-cdc
# Where an embedded Flink keeps checkpoints unless flink.checkpointDirectory is set.
RUN mkdir /milvus-cdc/data \
    && chown cdc:cdc /milvus-cdc/data
USER cdc
WORKDIR /milvus-cdc
ENV CDC_SERVER_HOST=0.0.0.0
EXPOSE 8444
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=70", "-jar", "lib/control-server.jar"]

# The job is built against a later patch release of the same line; it runs on any 1.20.
FROM flink:1.20.1-scala_2.12-java17 AS flink
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir /checkpoints \
    && chown flink:flink /checkpoints
COPY --chown=flink:flink flink-conf/ /opt/flink/conf/
