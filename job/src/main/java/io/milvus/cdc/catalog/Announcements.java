package io.milvus.cdc.catalog;

import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.task.Selection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Turns a catalog into the events that tell downstream what it does not know yet. Databases are
 * announced before their collections and taken back after them; within one call dropped collections
 * come before those that may have taken over their names.
 */
final class Announcements {

  private final Selection selection;
  private final Set<String> databases;

  /** Announced collections; empty when announced by an earlier run, in a form not known here. */
  private final Map<Long, Optional<CollectionState>> collections = new HashMap<>();

  Announcements(Selection selection, KnownObjects known) {
    this.selection = selection;
    this.databases = new HashSet<>(known.databases());
    known.collections().forEach(id -> collections.put(id, Optional.empty()));
  }

  /**
   * What has to be told after a listing: all that is new or different, and all that is gone.
   *
   * @param catalog a complete catalog
   */
  List<SourceEvent> afterListing(Catalog catalog) {
    Set<Long> ids = new LinkedHashSet<>(collections.keySet());
    List<Long> listed = catalog.collections();
    // In the order of their changes, so that a name is given up before it is taken.
    ids.removeAll(new HashSet<>(listed));
    ids.addAll(listed);
    return afterChanges(catalog, new Catalog.Changes(ids, true));
  }

  /** What has to be told after some keys changed. */
  List<SourceEvent> afterChanges(Catalog catalog, Catalog.Changes changes) {
    List<SourceEvent> events = new ArrayList<>();
    Set<String> existing = new HashSet<>();
    if (changes.databases()) {
      for (String database : catalog.databases()) {
        if (selection.includesDatabase(database)) {
          existing.add(database);
          if (databases.add(database)) {
            events.add(new SourceEvent.DatabaseSeen(database));
          }
        }
      }
    }
    List<SourceEvent> seen = new ArrayList<>();
    for (long id : changes.collections()) {
      Optional<CollectionState> state =
          catalog.collection(id).filter(s -> selection.includes(s.getDatabase(), s.getName()));
      if (state.isPresent()) {
        if (!state.equals(collections.put(id, state))) {
          seen.add(new SourceEvent.CollectionSeen(state.get()));
        }
      } else if (collections.containsKey(id)) {
        collections.remove(id);
        events.add(new SourceEvent.CollectionGone(id));
      }
    }
    events.addAll(seen);
    if (changes.databases()) {
      for (String database : List.copyOf(databases)) {
        if (!existing.contains(database)) {
          databases.remove(database);
          events.add(new SourceEvent.DatabaseGone(database));
        }
      }
    }
    return events;
  }
}
