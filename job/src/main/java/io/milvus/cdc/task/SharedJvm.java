package io.milvus.cdc.task;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.net.URLConnection;

/**
 * What a job has to mind since it shares its JVM with others that come and go: whatever it leaves
 * behind keeps its classes, and the file that they were loaded from, until the JVM ends.
 */
public final class SharedJvm {

  private SharedJvm() {}

  /**
   * Lets the JVM not keep jars open that resources are read from. The JDK does by default, for
   * ever; with Flink, each job has a jar file of its own.
   */
  public static void keepNoJarsOpen() {
    URLConnection.setDefaultUseCaches("jar", false);
  }

  /** Makes JSON mappers that leave no buffers with threads, which may be Flink's. */
  public static JsonMapper.Builder jsonMapper() {
    return JsonMapper.builder(
        JsonFactory.builder().recyclerPool(JsonRecyclerPools.newConcurrentDequePool()).build());
  }
}
