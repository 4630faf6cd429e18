package io.milvus.cdc.server.flink;

import io.milvus.cdc.task.JobWork;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How far a job is, by its own metrics. The counts begin at zero with every (re)start of the job.
 *
 * @param replicatedUntil everything up to this time of the source is applied; absent while not
 *     known
 * @param lag how long ago that was when the job was asked; absent while not known
 * @param rowsInserted rows inserted or upserted
 * @param rowsDeleted primary keys deleted
 * @param ddlApplied operations on objects
 * @param work the rest
 */
public record JobMeasures(
    Optional<Instant> replicatedUntil,
    Optional<Duration> lag,
    long rowsInserted,
    long rowsDeleted,
    long ddlApplied,
    JobWork work) {}
