package io.milvus.cdc.catalog;

import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceName;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.Selection.Name;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Turns a catalog into the events that tell downstream what it does not know yet. Databases are
 * announced before their collections and taken back after them; within one call dropped collections
 * come before those that may have taken over their names.
 *
 * <p>Whether a collection is followed is decided once, by the name that it has when it comes into
 * sight, and never changes: the log of one that is renamed into the selection was not read before,
 * and one that is renamed out of it must not take its copy with it.
 */
final class Announcements {

  private final Selection selection;
  private final Set<String> databases;

  /** Databases that may have been told, or not: until the first listing. */
  private final Set<String> uncertainDatabases;

  /** Announced collections; empty when announced by an earlier run, in a form not known here. */
  private final Map<Long, Optional<CollectionState>> collections = new HashMap<>();

  /** Collections that are not followed, with the reason that was told. */
  private final Map<Long, Optional<String>> outside = new HashMap<>();

  /**
   * Goes on from what was told before.
   *
   * @param known what was certainly told
   * @param notedDatabases names of databases that were about to be told: each is told again or
   *     taken back, unless it is known
   */
  Announcements(Selection selection, KnownObjects known, Set<String> notedDatabases) {
    this.selection = selection;
    this.databases = new HashSet<>(known.databases());
    this.uncertainDatabases = new HashSet<>(notedDatabases);
    known.collections().forEach(id -> collections.put(id, Optional.empty()));
    known.outside().forEach(id -> outside.put(id, Optional.empty()));
  }

  /** Names of the databases that have been told, and whose end has not. */
  Set<String> databases() {
    return Set.copyOf(databases);
  }

  /**
   * What has to be told after a listing: all that is new or different, and all that is gone.
   *
   * @param catalog a complete catalog
   */
  List<SourceEvent> afterListing(Catalog catalog) {
    Set<Long> ids = new LinkedHashSet<>(collections.keySet());
    ids.addAll(outside.keySet());
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
      existing.addAll(selection.databasesOnTarget(Set.copyOf(catalog.databases())));
      for (String database : existing) {
        if (databases.add(database)) {
          events.add(new SourceEvent.DatabaseSeen(database));
        }
      }
    }
    List<SourceEvent> seen = new ArrayList<>();
    for (long id : changes.collections()) {
      Optional<CollectionState> state = catalog.collection(id);
      if (state.isEmpty()) {
        boolean wasFollowed = collections.remove(id) != null;
        if (wasFollowed || outside.remove(id) != null) {
          events.add(new SourceEvent.CollectionGone(id, wasFollowed));
        }
        continue;
      }
      Optional<String> reason = reasonOutside(state.get(), catalog);
      if (reason.isEmpty()) {
        Optional<CollectionState> onTarget =
            Optional.of(SourceName.onTarget(state.get(), nameOnTarget(state.get())));
        if (!onTarget.equals(collections.put(id, onTarget))) {
          seen.add(new SourceEvent.CollectionSeen(onTarget.get()));
        }
      } else {
        collections.remove(id);
        if (!reason.equals(outside.put(id, reason))) {
          events.add(new SourceEvent.CollectionOutside(id, reason.get(), isSelected(state.get())));
        }
      }
    }
    events.addAll(seen);
    if (changes.databases()) {
      Set<String> gone = new TreeSet<>(databases);
      gone.addAll(uncertainDatabases);
      gone.removeAll(existing);
      gone.forEach(database -> events.add(new SourceEvent.DatabaseGone(database)));
      databases.removeAll(gone);
      uncertainDatabases.clear();
    }
    return events;
  }

  private Name nameOnTarget(CollectionState state) {
    return selection.onTarget(state.getDatabase(), state.getName());
  }

  private boolean isSelected(CollectionState state) {
    return selection.includes(state.getDatabase(), state.getName());
  }

  /** Why a collection is not followed, with no words where that is plain; empty when it is. */
  private Optional<String> reasonOutside(CollectionState state, Catalog catalog) {
    Name name = new Name(state.getDatabase(), state.getName());
    boolean isOutside = outside.containsKey(state.getId());
    boolean wasFollowed = collections.containsKey(state.getId());
    if (!isSelected(state)) {
      return Optional.of(
          wasFollowed
              ? "it was renamed to "
                  + name
                  + ", which the task does not select: its copy stays as it is, create a task that"
                  + " selects the new name"
              : "");
    }
    Optional<Name> sameOnTarget = sameOnTarget(state, catalog);
    if (sameOnTarget.isPresent()) {
      return Optional.of(
          "it is "
              + name
              + " on the source and would be "
              + nameOnTarget(state)
              + " on the target, which is the copy of "
              + sameOnTarget.get()
              + ": create a task for it whose name_mapping gives it another name");
    }
    return isOutside
        ? Optional.of(
            "it was renamed to "
                + name
                + ", which the task selects, but what it held before was not read: create the task"
                + " anew to copy it")
        : Optional.empty();
  }

  /** Another collection that is followed and has the same name on the target. */
  private Optional<Name> sameOnTarget(CollectionState state, Catalog catalog) {
    if (selection.renamings().isEmpty()) {
      return Optional.empty();
    }
    Name wanted = nameOnTarget(state);
    return collections.keySet().stream()
        .filter(id -> id != state.getId())
        .flatMap(id -> catalog.collection(id).stream())
        .filter(this::isSelected)
        .filter(other -> nameOnTarget(other).equals(wanted))
        .map(other -> new Name(other.getDatabase(), other.getName()))
        .findFirst();
  }
}
