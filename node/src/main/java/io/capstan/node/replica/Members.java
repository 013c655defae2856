package io.capstan.node.replica;

import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.node.quorum.ReplicaSet;
import io.capstan.node.raft.Configuration;
import io.capstan.node.storage.ReplicaStore;
import io.capstan.node.storage.Table;
import io.capstan.proto.store.v1.MemberRecord;
import io.capstan.proto.store.v1.MembersCommand;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the applied log says of the members: the applied configuration, where each member is found,
 * and which incarnation speaks for it.
 *
 * <p>Part of the state machine: the same entries give the same rows everywhere, and a snapshot
 * carries them.
 */
final class Members {

  private static final byte MEMBER_ROW = 'm';
  private static final byte[] CLUSTER_KEY = "cluster".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONFIGURATION_KEY =
      "configuration".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONFIGURATION_INDEX_KEY =
      "configuration-index".getBytes(StandardCharsets.US_ASCII);

  /** Former incarnations that are remembered of one node. */
  static final int FORMER_MAX = 8;

  /** Nodes that have left and are remembered; more than can ever talk on at once. */
  static final int LEFT_MAX = 4 * RequestLimits.MEMBERS_MAX;

  private final BufferedTables tables;
  private final Configuration initial;
  private final Map<String, MemberRecord> records = new TreeMap<>();
  private Configuration applied;
  private long appliedIndex;
  private long clusterId;
  private long version;
  // Made when it is asked for, until something changes.
  private @Nullable ReplicaSet replicas;

  /**
   * @param initial in effect until the log brings another one
   */
  Members(BufferedTables tables, Configuration initial) {
    this.tables = tables;
    this.initial = initial;
    this.applied = initial;
  }

  /** Reads everything back. */
  void load(ReplicaStore store) {
    records.clear();
    version++;
    replicas = null;
    byte[] stored = store.get(Table.META, CONFIGURATION_KEY);
    applied = stored == null ? initial : Configuration.fromBytes(stored);
    byte[] index = store.get(Table.META, CONFIGURATION_INDEX_KEY);
    appliedIndex = index == null ? 0 : ByteBuffer.wrap(index).getLong();
    byte[] cluster = store.get(Table.META, CLUSTER_KEY);
    clusterId = cluster == null ? 0 : ByteBuffer.wrap(cluster).getLong();
    store.scan(
        Table.META,
        new byte[] {MEMBER_ROW},
        new byte[] {MEMBER_ROW + 1},
        (key, value) -> {
          try {
            MemberRecord record = MemberRecord.parseFrom(value);
            records.put(record.getId(), record);
          } catch (InvalidProtocolBufferException broken) {
            throw new ReplicaInvariantViolation("a member row cannot be read: " + broken);
          }
          return true;
        });
  }

  /** The configuration as of the last applied entry. */
  Configuration applied() {
    return applied;
  }

  /** Which cluster this is; 0 until the log says it. */
  long clusterId() {
    return clusterId;
  }

  /** What is noted of the member, or null. */
  @Nullable MemberRecord record(String id) {
    return records.get(id);
  }

  /** Whether the node belongs to the cluster as this incarnation, as the log has noted. */
  boolean isNamed(String id, long incarnation) {
    MemberRecord noted = records.get(id);
    return noted != null && noted.getIncarnation() == incarnation;
  }

  /** By which entry the node became a member; 0 for those that the cluster began with. */
  long joinedIndex(String id) {
    MemberRecord noted = records.get(id);
    return noted == null ? 0 : noted.getJoinedIndex();
  }

  /** Changes with every change of what is noted. */
  long version() {
    return version;
  }

  /** The log index of that configuration; 0 for the one that the group began with. */
  long appliedIndex() {
    return appliedIndex;
  }

  /** Whether a change is under way, or it is yet to be noted with whom the cluster began. */
  boolean areChanging() {
    return clusterId == 0 || applied.isJoint() || !applied.learners().isEmpty();
  }

  /** Who holds replicas, as of the applied log. */
  ReplicaSet replicas() {
    ReplicaSet known = replicas;
    if (known == null) {
      known = new ReplicaSet(appliedIndex, applied.voters(), applied.outgoing(), lossAccepted());
      replicas = known;
    }
    return known;
  }

  /** Those whose loss somebody has accepted, should they leave and not be reached. */
  private Set<String> lossAccepted() {
    Set<String> accepted = new TreeSet<>();
    records.forEach(
        (id, record) -> {
          if (record.getLossAccepted()) {
            accepted.add(id);
          }
        });
    return accepted;
  }

  /**
   * A configuration entry is applied: of those who have left, nothing is kept but as whom, and
   * nothing of what was accepted for a change that is over. Late words of an earlier incarnation
   * must not pass for those of a node that comes back without its data.
   */
  void configured(Configuration configuration, long index) {
    Configuration before = applied;
    applied = configuration;
    appliedIndex = index;
    version++;
    replicas = null;
    tables.put(Table.META, CONFIGURATION_KEY, configuration.toBytes());
    tables.put(
        Table.META,
        CONFIGURATION_INDEX_KEY,
        ByteBuffer.allocate(Long.BYTES).putLong(index).array());
    boolean over = !configuration.isJoint() && configuration.promotion() == null;
    // A node that joins does not know with whom the cluster began: all voters of the first change.
    for (String id : before.isEmpty() ? configuration.learners() : configuration.members()) {
      if (!before.isMember(id)) {
        MemberRecord known = records.getOrDefault(id, MemberRecord.getDefaultInstance());
        put(known.toBuilder().setId(id).setJoinedIndex(index).build());
      }
    }
    int left = 0;
    for (MemberRecord record : List.copyOf(records.values())) {
      if (configuration.isMember(record.getId())) {
        if (over && record.hasLossAccepted()) {
          put(record.toBuilder().clearLossAccepted().build());
        }
        continue;
      }
      MemberRecord kept = former(record);
      if (kept.getFormerIncarnationsCount() > 0 && ++left <= LEFT_MAX) {
        put(kept);
      } else {
        records.remove(record.getId());
        tables.delete(Table.META, key(record.getId()));
      }
    }
  }

  private static MemberRecord former(MemberRecord record) {
    List<Long> former = new ArrayList<>(record.getFormerIncarnationsList());
    if (record.getIncarnation() != 0) {
      former.add(record.getIncarnation());
    }
    return MemberRecord.newBuilder()
        .setId(record.getId())
        .addAllFormerIncarnations(
            former.subList(Math.max(0, former.size() - FORMER_MAX), former.size()))
        .build();
  }

  private void put(MemberRecord record) {
    MemberRecord before = records.put(record.getId(), record);
    if (!record.equals(before)) {
      tables.put(Table.META, key(record.getId()), record.toByteArray());
    }
  }

  /** Notes what is told; what is not told stays. An incarnation, and the cluster, is noted once. */
  void note(MembersCommand told) {
    version++;
    replicas = null;
    if (clusterId == 0 && told.getClusterId() != 0) {
      clusterId = told.getClusterId();
      tables.put(
          Table.META, CLUSTER_KEY, ByteBuffer.allocate(Long.BYTES).putLong(clusterId).array());
      begunWith(told.getFoundersList());
    }
    for (MemberRecord news : told.getMembersList()) {
      MemberRecord known = records.getOrDefault(news.getId(), MemberRecord.getDefaultInstance());
      MemberRecord.Builder merged = known.toBuilder().setId(news.getId());
      if (!news.getPeerAddress().isEmpty()) {
        merged.setPeerAddress(news.getPeerAddress());
      }
      if (!news.getClientAddress().isEmpty()) {
        merged.setClientAddress(news.getClientAddress());
      }
      if (known.getIncarnation() == 0
          && !known.getFormerIncarnationsList().contains(news.getIncarnation())) {
        merged.setIncarnation(news.getIncarnation());
      }
      if (news.hasLossAccepted()) {
        merged.setLossAccepted(news.getLossAccepted());
      }
      put(merged.build());
    }
  }

  /**
   * A node that joins and replays the log from its first entry must apply what follows among the
   * same members as everybody else: a change of sides counts them.
   */
  private void begunWith(List<String> founders) {
    if (founders.isEmpty()) {
      return;
    }
    if (applied.isEmpty()) {
      applied = Configuration.ofVoters(founders);
    }
    tables.put(Table.META, CONFIGURATION_KEY, applied.toBytes());
  }

  private static byte[] key(String id) {
    byte[] name = id.getBytes(StandardCharsets.UTF_8);
    byte[] key = new byte[name.length + 1];
    key[0] = MEMBER_ROW;
    System.arraycopy(name, 0, key, 1, name.length);
    return key;
  }
}
