package io.milvus.cdc.server.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.playground.Part;
import io.milvus.cdc.playground.PlaygroundSettings.FlinkMode;
import io.milvus.cdc.workload.SourceWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Jobs that come and go in a TaskManager leave nothing behind. */
class EndedJobsIT {

  /** Threads of Flink and of the JVM come as they are needed, and stay. */
  private static final Pattern NOT_OF_A_JOB =
      Pattern.compile("(?i).*(flink|pekko|attach listener|c[12] compiler|gc |g1 |timer).*");

  /** Its name, and where it stands, as jcmd prints them. */
  private static final Pattern THREAD =
      Pattern.compile("(?m)^\"([^\"]+)\".*\\n((?:[ \\t]+\\S.*\\n)*)");

  private static final Pattern JOB_LOADER = Pattern.compile("ChildFirstClassLoader");
  private static final Pattern METASPACE = Pattern.compile("Both:.*?committed,\\s*([0-9.]+) MB");

  @Test
  void manyJobsLeaveNoThreadAndNoClass() throws Exception {
    int jobs = Integer.getInteger("ended.jobs", 6);
    try (TaskScenario scenario = new TaskScenario(FlinkMode.CLUSTER)) {
      scenario.playground.stop(Part.SECOND_TASK_MANAGER);
      String task = scenario.client.create(scenario.playground.targetUri());
      scenario.awaitState(task, "Running");
      SourceWriter writer = scenario.newCollection("ended");
      double metaspace = 0;
      Map<String, List<String>> threads = Map.of();
      for (int i = 0; i < jobs; i++) {
        writer.insert(i * 10, i * 10 + 10, 1);
        scenario.awaitReplicated(task);
        scenario.client.ask("pause", task).data();
        if (i == 1) {
          metaspace = metaspace(scenario);
          threads = threads(scenario);
        }
        scenario.client.ask("resume", task).data();
        scenario.awaitState(task, "Running");
      }
      scenario.client.ask("pause", task).data();
      assertThat(scenario.differences("ended")).isEmpty();

      ask(scenario, "GC.run");
      ask(scenario, "GC.run");
      System.out.printf(
          "jobs: %d, metaspace %.1f MB after two, %.1f MB now, %d class loaders of jobs%n",
          jobs, metaspace, metaspace(scenario), jobLoaders(scenario));
      assertThat(more(threads(scenario), threads)).as("threads").isEmpty();
      // Flink keeps the newest one until the next comes.
      assertThat(jobLoaders(scenario)).as("class loaders of jobs").isLessThanOrEqualTo(1);
      assertThat(openJars(scenario)).as("jars of jobs that are open").isLessThanOrEqualTo(1);
      assertThat(scenario.playground.log(Part.TASK_MANAGER))
          .content()
          .doesNotContain("NoClassDefFoundError");
    }
  }

  /** Where those stand whose name is borne by more threads than it was before. */
  private static Map<String, List<String>> more(
      Map<String, List<String>> now, Map<String, List<String>> before) {
    Map<String, List<String>> more = new TreeMap<>(now);
    before.forEach(
        (name, some) ->
            more.computeIfPresent(name, (same, all) -> all.size() > some.size() ? all : null));
    return more;
  }

  /** Where all of each name stand; names are without numbers. */
  private static Map<String, List<String>> threads(TaskScenario scenario) throws Exception {
    Map<String, List<String>> threads = new TreeMap<>();
    Matcher thread = THREAD.matcher(ask(scenario, "Thread.print"));
    while (thread.find()) {
      String name = thread.group(1).replaceAll("[0-9]+", "N");
      if (!NOT_OF_A_JOB.matcher(name).matches()) {
        threads.computeIfAbsent(name, unused -> new ArrayList<>()).add(thread.group(2));
      }
    }
    return threads;
  }

  private static long jobLoaders(TaskScenario scenario) throws Exception {
    return JOB_LOADER.matcher(ask(scenario, "VM.classloaders")).results().count();
  }

  /** How many files the TaskManager has open that Flink has given it for a job. */
  private static long openJars(TaskScenario scenario) throws IOException {
    Path files = Path.of("/proc", Long.toString(scenario.playground.pid(Part.TASK_MANAGER)), "fd");
    try (Stream<Path> open = Files.list(files)) {
      return open.filter(file -> pointsTo(file).contains("/blobStorage/")).count();
    }
  }

  private static String pointsTo(Path file) {
    try {
      return Files.readSymbolicLink(file).toString();
    } catch (IOException e) {
      // It was closed meanwhile.
      return "";
    }
  }

  private static double metaspace(TaskScenario scenario) throws Exception {
    ask(scenario, "GC.run");
    Matcher used = METASPACE.matcher(ask(scenario, "VM.metaspace"));
    assertThat(used.find()).isTrue();
    return Double.parseDouble(used.group(1));
  }

  /** Asks the TaskManager's JVM. */
  private static String ask(TaskScenario scenario, String question)
      throws IOException, InterruptedException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(scenario.playground.pid(Part.TASK_MANAGER)),
                question)
            .redirectErrorStream(true)
            .start();
    String answer = new String(jcmd.getInputStream().readAllBytes(), UTF_8);
    assertThat(jcmd.waitFor()).as(answer).isZero();
    return answer;
  }
}
