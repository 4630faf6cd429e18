package io.milvus.cdc.server.flink;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.UnsupportedFileSystemSchemeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The savepoints and checkpoints of jobs, below one directory: {@code <job id>/chk-<n>} and {@code
 * savepoints/<job id>/savepoint-<x>}.
 */
public final class SnapshotFiles implements Snapshots {

  private static final Logger LOG = LoggerFactory.getLogger(SnapshotFiles.class);
  private static final String METADATA = "_metadata";

  private record Snapshot(String path, long completedAt) {}

  private final URI directory;

  /** Does not look at the directory yet, and does not need it to exist. */
  public SnapshotFiles(URI directory) {
    this.directory = directory;
  }

  /** The settings by which a job keeps its snapshots where this class looks for them. */
  static Map<String, String> configuration(URI directory, String jobId) {
    return Map.of(
        "execution.checkpointing.storage", "filesystem",
        "execution.checkpointing.dir", text(directory),
        "execution.checkpointing.savepoint-dir", savepointDirectory(directory, jobId));
  }

  /** Where a job's savepoints go. */
  static String savepointDirectory(URI directory, String jobId) {
    return text(directory) + "/savepoints/" + jobId;
  }

  /** Flink takes a path's characters as they are: {@code %20} is not a blank to it. */
  private static String text(URI directory) {
    boolean isEscaped =
        "file".equals(directory.getScheme())
            && !Objects.equals(directory.getPath(), directory.getRawPath());
    String text =
        isEscaped
            ? "file://"
                + Objects.requireNonNullElse(directory.getAuthority(), "")
                + directory.getPath()
            : directory.toString();
    return text.replaceAll("/+$", "");
  }

  @Override
  public Optional<String> newest(String jobId) {
    List<Snapshot> snapshots = new ArrayList<>();
    for (Path parent : directories(jobId)) {
      try {
        FileSystem files = parent.getFileSystem();
        for (FileStatus child : list(files, parent)) {
          completed(files, child.getPath()).ifPresent(snapshots::add);
        }
      } catch (UnsupportedFileSystemSchemeException e) {
        return Optional.empty();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return snapshots.stream()
        .max(Comparator.comparingLong(Snapshot::completedAt))
        .map(Snapshot::path);
  }

  @Override
  public void delete(String jobId) {
    for (Path parent : directories(jobId)) {
      try {
        parent.getFileSystem().delete(parent, true);
      } catch (FileNotFoundException e) {
        LOG.debug("Nothing to remove: directory={}", parent);
      } catch (UnsupportedFileSystemSchemeException e) {
        LOG.warn("Snapshots of a deleted task stay, remove them by hand: directory={}", parent);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private List<Path> directories(String jobId) {
    return List.of(
        new Path(text(directory) + "/" + jobId), new Path(savepointDirectory(directory, jobId)));
  }

  private static FileStatus[] list(FileSystem files, Path parent) throws IOException {
    try {
      return Optional.ofNullable(files.listStatus(parent)).orElseGet(() -> new FileStatus[0]);
    } catch (FileNotFoundException e) {
      return new FileStatus[0];
    }
  }

  /** The metadata file is the last that Flink writes: with it the snapshot is whole. */
  private static Optional<Snapshot> completed(FileSystem files, Path snapshot) throws IOException {
    try {
      FileStatus metadata = files.getFileStatus(new Path(snapshot, METADATA));
      return Optional.of(new Snapshot(snapshot.toString(), metadata.getModificationTime()));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }
}
