package io.milvus.cdc.workload;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a workload did, in order, so that a row that differs can be traced to what was done to its
 * collection. Safe for use by many threads.
 */
public final class Journal {

  /** As a difference begins: {@code <database>.<collection>: }. */
  private static final Pattern COLLECTION =
      Pattern.compile("[^.:]+\\.([^.:]+): .*", Pattern.DOTALL);

  private static final Pattern RENAMING = Pattern.compile("[^.]+\\.(\\S+) to (\\S+)");

  private final List<Entry> entries = new ArrayList<>();

  private record Entry(Instant at, int writer, Operation operation, String what) {

    boolean isAbout(String collection) {
      return Pattern.compile("\\b" + Pattern.quote(collection) + "\\b").matcher(what).find();
    }

    @Override
    public String toString() {
      return at + " writer " + writer + " " + operation + " " + what;
    }
  }

  Journal() {}

  /** Notes what is about to be done. */
  synchronized void add(int writer, Operation operation, String what) {
    entries.add(new Entry(Instant.now(), writer, operation, what));
  }

  /**
   * The newest operations on one collection, in order, under this name and those that it had
   * before.
   *
   * @param most how many
   */
  public synchronized List<String> of(String collection, int most) {
    String name = collection;
    Deque<String> found = new ArrayDeque<>();
    for (int i = entries.size() - 1; i >= 0 && found.size() < most; i--) {
      Entry entry = entries.get(i);
      if (entry.isAbout(name)) {
        found.addFirst(entry.toString());
        Matcher renaming = RENAMING.matcher(entry.what());
        if (entry.operation() == Operation.RENAME_COLLECTION
            && renaming.matches()
            && renaming.group(2).equals(name)) {
          name = renaming.group(1);
        }
      }
    }
    return List.copyOf(found);
  }

  /**
   * The newest operations on each collection that differs, a line each.
   *
   * @param differences as a comparison of two clusters tells them
   * @param most how many operations of each collection
   */
  public String about(Collection<String> differences, int most) {
    Set<String> names = new TreeSet<>();
    for (String difference : differences) {
      Matcher collection = COLLECTION.matcher(difference);
      if (collection.matches()) {
        names.add(collection.group(1));
      }
    }
    StringBuilder lines = new StringBuilder();
    for (String name : names) {
      lines.append("done to ").append(name).append(":\n");
      of(name, most).forEach(line -> lines.append("  ").append(line).append('\n'));
    }
    return lines.toString();
  }
}
