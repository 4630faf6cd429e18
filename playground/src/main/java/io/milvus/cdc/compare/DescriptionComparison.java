package io.milvus.cdc.compare;

import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/** Compares what two Milvus clusters tell about a collection, without its rows. */
final class DescriptionComparison {

  private DescriptionComparison() {}

  /**
   * Compares.
   *
   * @param differences gets what differs. That the primary key has auto-id on on the source and off
   *     on the target does not: a copy keeps the source's keys
   */
  static void compare(
      DescribedCollection source, DescribedCollection target, Findings differences) {
    SortedMap<String, SortedMap<String, String>> expected = source.things();
    SortedMap<String, SortedMap<String, String>> actual = target.things();
    String key = "field " + source.primaryKey().getName();
    if (source.primaryKey().getAutoID() && actual.containsKey(key)) {
      expected.get(key).remove("auto-id");
      if ("true".equals(actual.get(key).remove("auto-id"))) {
        differences.add(key + ": auto-id is on on the target, which then makes keys of its own");
      }
    }
    for (String thing : union(expected.keySet(), actual.keySet())) {
      if (!actual.containsKey(thing)) {
        differences.add(thing + " is missing on the target");
      } else if (!expected.containsKey(thing)) {
        differences.add(thing + " is only on the target");
      } else {
        compareAttributes(
            thing.isEmpty() ? "" : thing + ": ",
            expected.get(thing),
            actual.get(thing),
            differences);
      }
    }
    compareLoadedPart(source, target, differences);
  }

  private static void compareLoadedPart(
      DescribedCollection source, DescribedCollection target, Findings differences) {
    LoadedPart expected = source.loaded();
    LoadedPart actual = target.loaded();
    if (expected.state() != actual.state()) {
      differences.add(
          "is " + expected.inWords() + " on the source, " + actual.inWords() + " on the target");
      return;
    }
    if (expected.replicas() != actual.replicas()) {
      differences.add(
          "is loaded with "
              + expected.replicas()
              + " replicas on the source, "
              + actual.replicas()
              + " on the target");
    }
    for (String partition : source.partitions()) {
      boolean onSource = expected.partitions().contains(partition);
      boolean onTarget = actual.partitions().contains(partition);
      if (onSource != onTarget && target.partitions().contains(partition)) {
        differences.add(
            "partition "
                + partition
                + " is loaded on the "
                + (onSource ? "source" : "target")
                + " only");
      }
    }
  }

  private static void compareAttributes(
      String prefix,
      SortedMap<String, String> expected,
      SortedMap<String, String> actual,
      Findings differences) {
    for (String attribute : union(expected.keySet(), actual.keySet())) {
      String onSource = Optional.ofNullable(expected.get(attribute)).orElse("not set");
      String onTarget = Optional.ofNullable(actual.get(attribute)).orElse("not set");
      if (!onSource.equals(onTarget)) {
        differences.add(
            prefix
                + attribute
                + " is "
                + onSource
                + " on the source, "
                + onTarget
                + " on the target");
      }
    }
  }

  private static SortedSet<String> union(Set<String> source, Set<String> target) {
    SortedSet<String> union = new TreeSet<>(source);
    union.addAll(target);
    return union;
  }
}
