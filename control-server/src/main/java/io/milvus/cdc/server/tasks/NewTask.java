package io.milvus.cdc.server.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import io.milvus.cdc.task.RequestedStarts;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.TargetCluster;
import java.util.Optional;

/**
 * A task that is to be created.
 *
 * @param taskId the client's own id; absent when one is to be made up
 * @param target the Milvus that is written
 * @param selection what is replicated
 * @param starts where collections that exist now start, other than at their channel checkpoints
 * @param request the request as it was given, without anything secret
 * @param start whether the task runs at once
 * @param parallelism how many subtasks its job has; absent for as many as the server is set to
 * @param quarantine whether messages that cannot be applied are left out and kept elsewhere,
 *     instead of stopping their collections
 */
public record NewTask(
    Optional<String> taskId,
    TargetCluster target,
    Selection selection,
    RequestedStarts starts,
    JsonNode request,
    boolean start,
    Optional<Integer> parallelism,
    boolean quarantine) {}
