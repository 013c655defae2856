package io.capstan.chaos.sim;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run, or many, went through. A fault counts when it had an effect: a message was lost, a
 * process was killed, a record was torn; not when it was merely planned.
 */
public final class Coverage {

  /** What is counted beside the faults. */
  public enum Counter {
    /** Events of the simulator. */
    EVENTS("events"),
    /** Client operations that were due while clients asked. */
    OPERATIONS_OFFERED("operations offered"),
    /** Of these, begun. */
    OPERATIONS("operations"),
    /** Of these, answered OK. */
    OPERATIONS_OK("operations ok"),
    /** Of these, with an outcome that the client could not know. */
    OPERATIONS_UNKNOWN("operations unknown"),
    /** Of these, refused because the clock of the asked node was too far ahead. */
    FAST_CLOCKS_REFUSED("writes refused for a fast clock"),
    /** Writes of AP keyspaces that a client sent once more under the same operation id. */
    WRITES_REPEATED("writes repeated"),
    /** Of these, answered that they were executed, and replaced since. */
    REPEATED_AFTER_REPLACED("writes repeated after they were replaced"),
    /** Reads that contained what their session had written and seen. */
    SESSION_READS("reads of sessions"),
    /** Reads refused because no reachable replica had what their session had seen. */
    SESSION_READS_REFUSED("reads refused for their session"),
    /** Reads that told their session what did not come across a change of sides. */
    SESSIONS_TOLD("sessions told what is gone"),
    /** Acknowledged writes that the latest write won against, as the ledgers list them. */
    DISCARDED("writes in the ledgers"),
    /** Acknowledged writes that only disks confirmed which are lost since. */
    LOST_WITH_DISKS("writes confirmed only by disks that were lost"),
    /** Gaps among the writes of actors that write no more, which the log has declared lost. */
    DECLARED_LOST("writes of former members declared lost"),
    /** Members that left unasked, with what they alone may have held. */
    LOSSES_ACCEPTED("members given up with what they alone held"),
    /** Times that a keyspace went from AP to CP. */
    SWITCHES_TO_CP("changes of sides to CP"),
    /** Times that a keyspace went from CP to AP. */
    SWITCHES_TO_AP("changes of sides to AP"),
    /** Changes of sides asked for while another request was under way. */
    SWITCHES_ASKED_AT_ONCE("changes of sides asked at once"),
    /** Changes of sides that began while links were cut. */
    SWITCHES_CUT_BEFORE("links cut before a change"),
    /** Times that links were cut while a keyspace changed sides. */
    SWITCHES_CUT_DURING("links cut during a change"),
    /** Times that links were cut while some replica had yet to install what had opened. */
    SWITCHES_CUT_AFTER("links cut after a change"),
    /** Changes of sides that were given up, by hand or because they took too long. */
    SWITCHES_ABORTED("changes of sides given up"),
    /** Of these, while replicas prepared. */
    ABORTS_IN_PREPARE("given up in prepare"),
    /** Of these, while replicas sealed. */
    ABORTS_IN_SEAL("given up in seal"),
    /** Of these, while replicas converged. */
    ABORTS_IN_CONVERGE("given up in converge"),
    /** Openings that a replica had to install from another one. */
    CHECKPOINTS_INSTALLED("openings installed from others"),
    /** Reports on a change of sides from a replica that takes over what it may have lost. */
    REBUILDING_REPORTS("reports while rebuilding"),
    /** Processes that died within 20 ms after they had come to prepare. */
    CRASHES_AT_PREPARE("crashes at prepare"),
    /** Processes that died within 20 ms after they had sealed. */
    CRASHES_AT_SEAL("crashes at seal"),
    /** Processes that died within 20 ms after they had begun to converge. */
    CRASHES_AT_CONVERGE("crashes at converge"),
    /** Processes that died within 20 ms after they had opened a keyspace for the log. */
    CRASHES_AT_OPEN("crashes at the opening to CP"),
    /** Processes that died within 20 ms after they had applied a barrier. */
    CRASHES_AT_BARRIER("crashes at the barrier to AP"),
    /** Processes that died within 20 ms after they had applied that a change is given up. */
    CRASHES_AT_ABORT("crashes at giving up"),
    /** Leaders elected. */
    ELECTIONS("elections"),
    /** Joint configurations that a leader began. */
    JOINT_CONFIGURATIONS("joint configurations"),
    /** Other configurations that a leader began. */
    CONFIGURATIONS("configurations"),
    /** Leaders that a change of members made leave. */
    LEADERS_REMOVED("leaders removed"),
    /** Sessions that were forgotten because nobody used them. */
    SESSIONS_EXPIRED("sessions expired"),
    /** Messages of nodes that are no members, as far as their receiver knew. */
    STRANGERS_REFUSED("messages of strangers refused"),
    /** Messages of nodes that had come back as another incarnation, or of what they were before. */
    INCARNATIONS_REFUSED("messages of other incarnations refused"),
    /** Log entries committed. */
    COMMITTED_ENTRIES("committed entries"),
    /** Times that a follower removed entries that a new leader does not have. */
    TRUNCATIONS("log truncations"),
    /** Snapshots installed. */
    SNAPSHOTS("snapshots installed"),
    /** Times that a log was compacted. */
    COMPACTIONS("log compactions"),
    /** Links cut, each direction counted. */
    CUTS("links cut"),
    /** Processes that died, of whatever cause. */
    CRASHES("crashes"),
    /** Of these, before a write that was due. */
    CRASHES_BEFORE_WRITE("crashes before a write"),
    /** Of these, after a write and before anything was sent. */
    CRASHES_AFTER_WRITE("crashes after a write"),
    /** Of these, between two effects of one step. */
    CRASHES_BETWEEN_EFFECTS("crashes between effects"),
    /** Of these, around a sync. */
    CRASHES_AROUND_SYNC("crashes around a sync"),
    /** Writes that were handed over but lost because they were not synced. */
    WRITES_LOST("unsynced writes lost"),
    /** Starts that a damaged disk made impossible. */
    STARTS_REFUSED("starts refused"),
    /** Messages that never arrived. */
    MESSAGES_LOST("messages lost"),
    /** Virtual time in which clients asked, in milliseconds. */
    ASKING_MILLIS("virtual ms in which clients ask"),
    /** Virtual time, in milliseconds. */
    VIRTUAL_MILLIS("virtual ms");

    private final String label;

    Counter(String label) {
      this.label = label;
    }

    /** For people. */
    public String label() {
      return label;
    }
  }

  private final long[] counting = new long[Counter.values().length];
  private final long[] countingFaults = new long[FaultKind.values().length];

  void count(Counter counter) {
    counting[counter.ordinal()]++;
  }

  void add(Counter counter, long amount) {
    counting[counter.ordinal()] += amount;
  }

  void count(FaultKind kind) {
    countingFaults[kind.ordinal()]++;
  }

  /** How often. */
  public long of(Counter counter) {
    return counting[counter.ordinal()];
  }

  /** How often a fault had an effect. */
  public long of(FaultKind kind) {
    return countingFaults[kind.ordinal()];
  }

  /** Adds what another run went through. */
  public void add(Coverage other) {
    for (int i = 0; i < counting.length; i++) {
      counting[i] += other.counting[i];
    }
    for (int i = 0; i < countingFaults.length; i++) {
      countingFaults[i] += other.countingFaults[i];
    }
  }

  /** Everything by name, faults last. */
  public Map<String, Long> byName() {
    Map<String, Long> all = new LinkedHashMap<>();
    for (Counter counter : Counter.values()) {
      all.put(counter.label(), of(counter));
    }
    for (FaultKind kind : FaultKind.values()) {
      all.put("fault " + kind.label(), of(kind));
    }
    return all;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Coverage that && byName().equals(that.byName());
  }

  @Override
  public int hashCode() {
    return byName().hashCode();
  }

  @Override
  public String toString() {
    return byName().toString();
  }
}
