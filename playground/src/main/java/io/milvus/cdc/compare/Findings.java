package io.milvus.cdc.compare;

import java.util.ArrayList;
import java.util.List;

/** What was found about one collection: the first ones, since more would only bury them. */
final class Findings {

  private static final int MOST = 20;

  private final List<String> found = new ArrayList<>();
  private boolean more;

  void add(String finding) {
    if (isFull()) {
      more = true;
    } else {
      found.add(finding);
    }
  }

  /** Adds what is to be said before what was found since there were so many. */
  void insert(int place, String finding) {
    found.add(place, finding);
    if (found.size() > MOST) {
      found.remove(MOST);
      more = true;
    }
  }

  int size() {
    return found.size();
  }

  void addAll(Findings others) {
    others.found.forEach(this::add);
    more |= others.more;
  }

  /** Whether looking for more is in vain. */
  boolean isFull() {
    return found.size() >= MOST;
  }

  /** Notes that not everything was looked at, which only a full list is a reason for. */
  void stopped() {
    more = true;
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  List<String> toList() {
    List<String> all = new ArrayList<>(found);
    if (more) {
      all.add("and more, which are not listed");
    }
    return List.copyOf(all);
  }
}
