package io.milvus.cdc.log;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milvus.cdc.log.TopicContents.Ledger;
import io.milvus.cdc.task.SharedJvm;
import io.milvus.cdc.task.SourceCluster;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which topics the source's log has and what they hold, asked over the broker's HTTP interface:
 * unlike a lookup or a subscription, such a question never creates a topic.
 */
final class TopicDirectory {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = SharedJvm.jsonMapper().build();

  private final PulsarAccess access;
  private final URI admin;
  private final String namespaceName;
  private final URI namespace;
  private final SourceCluster source;

  TopicDirectory(SourceCluster source) {
    this.access = new PulsarAccess(source);
    String base = source.pulsarAdminUrl();
    this.admin = URI.create((base.endsWith("/") ? base : base + "/") + "admin/v2/");
    this.namespaceName = source.pulsarTenant() + "/" + source.pulsarNamespace();
    this.namespace = admin.resolve("persistent/" + namespaceName);
    this.source = source;
  }

  /**
   * Names of the physical channels that exist.
   *
   * @throws IOException when the broker cannot be asked, which says nothing about the topics
   */
  SortedSet<String> pchannels() throws IOException {
    SortedSet<String> pchannels = new TreeSet<>();
    JsonNode names =
        get(namespace)
            .orElseThrow(() -> new IOException(namespace + " answered: no such namespace"));
    for (JsonNode name : names) {
      String topic = name.asText().substring(name.asText().lastIndexOf('/') + 1);
      if (source.isLogTopic(topic)) {
        pchannels.add(topic);
      }
    }
    return pchannels;
  }

  /**
   * What a topic holds now; empty when it does not exist.
   *
   * @throws IOException when the broker cannot be asked, which says nothing about the topic
   */
  Optional<TopicContents> contents(String pchannel) throws IOException {
    return get(URI.create(namespace + "/" + pchannel + "/internalStats"))
        .map(TopicDirectory::contents);
  }

  /**
   * How long messages are kept by time, see {@link LogRetention#time}.
   *
   * @throws IOException when the broker cannot be asked
   */
  Optional<Duration> retentionTime() throws IOException {
    Optional<JsonNode> own = get(admin.resolve("namespaces/" + namespaceName + "/retention"));
    Optional<JsonNode> minutes =
        own.isPresent()
            ? own.map(policy -> policy.path("retentionTimeInMinutes"))
            : get(admin.resolve("brokers/configuration/runtime"))
                .map(settings -> settings.path("defaultRetentionTimeInMinutes"));
    // Pulsar: a negative time is no limit. The broker's own settings are texts.
    return minutes
        .filter(value -> !value.isMissingNode() && value.asLong() >= 0)
        .map(value -> Duration.ofMinutes(value.asLong()));
  }

  private static TopicContents contents(JsonNode stats) {
    List<Ledger> ledgers = new ArrayList<>();
    JsonNode listed = stats.path("ledgers");
    for (int i = 0; i < listed.size(); i++) {
      long entries = listed.get(i).path("entries").asLong();
      long bytes = listed.get(i).path("size").asLong();
      if (i == listed.size() - 1) {
        // The ledger that is being written is listed with 0 entries.
        entries = Math.max(entries, stats.path("currentLedgerEntries").asLong());
        bytes = Math.max(bytes, stats.path("currentLedgerSize").asLong());
      }
      ledgers.add(new Ledger(listed.get(i).path("ledgerId").asLong(), entries, bytes));
    }
    return new TopicContents(ledgers);
  }

  /** The answer, or empty when the thing asked for does not exist. */
  private Optional<JsonNode> get(URI uri) throws IOException {
    PulsarAccess.Answer answer = access.get(uri, TIMEOUT);
    return switch (answer.status()) {
      // Of a policy that is not set the answer is empty.
      case 200 -> Optional.of(JSON.readTree(answer.body())).filter(JsonNode::isContainerNode);
      case 204, 404 -> Optional.empty();
      default -> throw new IOException(uri + " answered " + answer.status());
    };
  }
}
