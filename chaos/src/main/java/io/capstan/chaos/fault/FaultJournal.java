package io.capstan.chaos.fault;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A file that says which faults were about to happen, and which of them are over: one JSON object a
 * line, on disk before the caller goes on. Whoever finds it after a crash knows what to heal.
 * Thread-safe.
 */
public final class FaultJournal implements AutoCloseable {
  /** The name of entries that tell what belongs to the harness and has to go after a crash. */
  public static final String CLUSTER = "cluster";

  private static final ObjectMapper JSON = JsonMapper.builder().build();

  // Not a FileChannel, which an interrupt of its thread would close: the heal has to be written
  // too.
  private final FileOutputStream file;

  private long remains;

  /** What a line says of its fault. */
  public enum State {
    /** About to act. */
    INTENDED("intended"),
    /** Acts, and the cluster shows it. */
    ACTIVE("active"),
    /** Undone. */
    HEALED("healed");

    private final String label;

    State(String label) {
      this.label = label;
    }
  }

  /**
   * A line.
   *
   * @param id number of the fault in this journal
   * @param state intended, active or healed
   * @param atMillis since the start of the workload
   */
  public record Entry(long id, String state, String name, String detail, long atMillis) {}

  private FaultJournal(FileOutputStream file) {
    this.file = file;
  }

  /**
   * Begins an empty journal; one that was there is replaced.
   *
   * @throws UncheckedIOException if the file cannot be written
   */
  public static FaultJournal create(Path path) {
    try {
      return new FaultJournal(new FileOutputStream(path.toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException("The fault journal " + path + " cannot be written", e);
    }
  }

  /**
   * Writes a line and forces it to disk.
   *
   * @throws UncheckedIOException if that fails; the fault must not happen then
   */
  public synchronized void append(State state, long id, String name, String detail, long atMillis) {
    try {
      String line = JSON.writeValueAsString(new Entry(id, state.label, name, detail, atMillis));
      file.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      file.getFD().sync();
    } catch (IOException e) {
      throw new UncheckedIOException("The fault journal cannot be written", e);
    }
  }

  /**
   * Notes what belongs to the run and has to go should its harness die from now on. It stays in the
   * journal: whoever undoes it finds out by himself whether anything is left.
   *
   * @param detail as {@code capstan chaos heal} understands it
   * @throws UncheckedIOException if that fails; then it must not be made
   */
  public synchronized void remains(String detail) {
    append(State.INTENDED, --remains, CLUSTER, detail, 0);
  }

  /**
   * Returns the faults of a journal that were intended and never healed, in order. A last line that
   * was not written out is passed over: what it announced had not happened.
   *
   * @throws IOException if the file cannot be read, or has an earlier line that is no entry
   */
  public static List<Entry> unhealed(Path path) throws IOException {
    List<String> lines = Files.readAllLines(path);
    Map<Long, Entry> open = new LinkedHashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      try {
        Entry entry = JSON.readValue(lines.get(i), Entry.class);
        if (entry.state().equals(State.HEALED.label)) {
          open.remove(entry.id());
        } else {
          open.put(entry.id(), entry);
        }
      } catch (JsonProcessingException e) {
        if (i < lines.size() - 1) {
          throw new IOException(path + ", line " + (i + 1) + ": not an entry of a journal", e);
        }
      }
    }
    return new ArrayList<>(open.values());
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException("The fault journal cannot be closed", e);
    }
  }
}
