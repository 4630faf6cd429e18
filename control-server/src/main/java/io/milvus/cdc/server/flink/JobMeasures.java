package io.milvus.cdc.server.flink;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How far a job is, by its own metrics. The counts begin at zero with every (re)start of the job.
 *
 * @param replicatedUntil everything up to this time of the source is applied; absent while not
 *     known
 * @param lag how long ago that was when the job was asked; absent while not known
 * @param rowsInserted rows inserted or upserted
 * @param rowsDeleted primary keys deleted
 * @param ddlApplied operations on objects
 * @param messagesSkipped messages of the log whose collection is gone or not selected; absent while
 *     not known
 * @param retries calls to the target that were repeated
 * @param messagesQuarantined messages left out because they cannot be applied
 */
public record JobMeasures(
    Optional<Instant> replicatedUntil,
    Optional<Duration> lag,
    long rowsInserted,
    long rowsDeleted,
    long ddlApplied,
    OptionalLong messagesSkipped,
    long retries,
    long messagesQuarantined) {}
