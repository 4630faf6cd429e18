package io.milvus.cdc.server.config;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What the server takes from its environment. */
final class GivenVariables {

  private static final String ORIGIN = "environment variable ";

  private GivenVariables() {}

  /** Names of the variables that settings were read from. */
  static Set<String> understood(Settings settings) {
    return settings.effective().stream()
        .map(Settings.Effective::origin)
        .filter(origin -> origin.startsWith(ORIGIN))
        .map(origin -> origin.substring(ORIGIN.length()))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
