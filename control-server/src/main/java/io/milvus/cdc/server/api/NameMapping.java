package io.milvus.cdc.server.api;

import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.Selection.Name;
import io.milvus.cdc.task.Selection.Renaming;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads the {@code name_mapping} of a create request. */
final class NameMapping {

  private static final String FIELD = "name_mapping";
  private static final String COLLECTIONS = "collection_mapping";

  private NameMapping() {}

  /**
   * The selection with its names on the target.
   *
   * @throws BadRequestException when a name is not legal or not selected, is mapped twice, or two
   *     collections would have the same name
   */
  static Selection read(Fields request, Selection selection) {
    List<Renaming> renamings = new ArrayList<>();
    Set<String> wholeDatabases = new HashSet<>();
    Set<Name> mapped = new HashSet<>();
    Map<Name, Name> sources = new HashMap<>();
    for (Fields entry : request.objects(FIELD).orElse(List.of())) {
      Renaming renaming = renaming(entry);
      String database = renaming.database();
      if (!selection.includesDatabase(database)) {
        throw new BadRequestException(
            entry.name("source_db") + " '" + database + "' is a database that is not selected");
      }
      if (renaming.isWholeDatabase() && !wholeDatabases.add(database)) {
        throw new BadRequestException(
            entry.name("source_db") + " '" + database + "' is mapped for the second time");
      }
      renaming
          .collections()
          .forEach(
              (from, to) -> {
                Name source = new Name(database, from);
                if (!selection.includes(database, from)) {
                  throw new BadRequestException(
                      entry.name(COLLECTIONS) + " has " + source + ", which is not selected");
                }
                if (!mapped.add(source)) {
                  throw new BadRequestException(
                      entry.name(COLLECTIONS) + " maps " + source + " for the second time");
                }
                Optional<Name> other =
                    Optional.ofNullable(
                        sources.put(new Name(renaming.targetDatabase(), to), source));
                if (other.isPresent()) {
                  throw new BadRequestException(
                      entry.name(COLLECTIONS)
                          + " gives "
                          + source
                          + " the name of "
                          + other.get()
                          + " on the target; give each its own");
                }
              });
      renamings.add(renaming);
    }
    return new Selection(selection.collections(), renamings);
  }

  private static Renaming renaming(Fields entry) {
    String source = database(entry, "source_db");
    String target = database(entry, "target_db");
    Map<String, String> collections = new HashMap<>();
    Optional<Fields> mapping = entry.object(COLLECTIONS);
    for (String from : mapping.map(Fields::names).orElse(List.of())) {
      Fields names = mapping.orElseThrow();
      String to =
          names
              .text(from)
              .orElseThrow(
                  () ->
                      new BadRequestException(
                          names.name(from)
                              + " is empty; give the collection's name on the target"));
      collections.put(
          CreateRequest.legal(from, entry.name(COLLECTIONS)),
          CreateRequest.legal(to, names.name(from)));
    }
    entry.refuseUnknown();
    return new Renaming(source, target, collections);
  }

  private static String database(Fields entry, String field) {
    return CreateRequest.legal(
        entry
            .text(field)
            .orElseThrow(
                () ->
                    new BadRequestException(
                        entry.name(field)
                            + " is missing; give the database's name, such as default")),
        entry.name(field));
  }
}
