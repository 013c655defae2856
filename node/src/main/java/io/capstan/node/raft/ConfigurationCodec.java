package io.capstan.node.raft;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * A configuration as bytes: {@code version (1)}, then four lists of ids: voters, outgoing voters,
 * learners, and the promotion (none, the learner, or the learner and whom it replaces). A list is
 * {@code count (2)} ids of {@code length (2)} UTF-8 bytes, big-endian.
 *
 * <p>A version that is not known is refused and never skipped: whoever does not understand the
 * membership must not count votes.
 */
final class ConfigurationCodec {
  private static final byte VERSION = 1;

  private ConfigurationCodec() {}

  static byte[] encode(Configuration configuration) {
    List<List<byte[]>> lists = new ArrayList<>();
    lists.add(utf8(configuration.voters()));
    lists.add(utf8(configuration.outgoing()));
    lists.add(utf8(configuration.learners()));
    lists.add(utf8(promotion(configuration)));
    int size = 1;
    for (List<byte[]> list : lists) {
      size += 2;
      for (byte[] id : list) {
        size += 2 + id.length;
      }
    }
    ByteBuffer out = ByteBuffer.wrap(new byte[size]).put(VERSION);
    for (List<byte[]> list : lists) {
      out.putShort((short) list.size());
      for (byte[] id : list) {
        out.putShort((short) id.length).put(id);
      }
    }
    return out.array();
  }

  private static List<String> promotion(Configuration configuration) {
    Configuration.Promotion promotion = configuration.promotion();
    if (promotion == null) {
      return List.of();
    }
    String replaced = promotion.replaced();
    return replaced == null ? List.of(promotion.learner()) : List.of(promotion.learner(), replaced);
  }

  private static List<byte[]> utf8(Collection<String> ids) {
    List<byte[]> encoded = new ArrayList<>(ids.size());
    for (String id : ids) {
      byte[] bytes = id.getBytes(StandardCharsets.UTF_8);
      if (bytes.length > Short.MAX_VALUE) {
        throw new IllegalArgumentException("a node id has " + bytes.length + " bytes");
      }
      encoded.add(bytes);
    }
    return encoded;
  }

  static Configuration decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (!in.hasRemaining() || in.get() != VERSION) {
      throw new IllegalArgumentException(
          "a membership of another version; every node needs a release that knows it");
    }
    List<String> voters = ids(in);
    List<String> outgoing = ids(in);
    List<String> learners = ids(in);
    List<String> promotion = ids(in);
    if (in.hasRemaining() || promotion.size() > 2) {
      throw damaged();
    }
    return new Configuration(
        new TreeSet<>(voters),
        new TreeSet<>(outgoing),
        new TreeSet<>(learners),
        promotion.isEmpty()
            ? null
            : new Configuration.Promotion(
                promotion.get(0), promotion.size() > 1 ? promotion.get(1) : null));
  }

  private static List<String> ids(ByteBuffer in) {
    int count = length(in);
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] id = new byte[length(in)];
      in.get(id);
      ids.add(new String(id, StandardCharsets.UTF_8));
    }
    return ids;
  }

  private static int length(ByteBuffer in) {
    int length = in.remaining() < 2 ? -1 : in.getShort();
    if (length < 0 || length > in.remaining()) {
      throw damaged();
    }
    return length;
  }

  private static IllegalArgumentException damaged() {
    return new IllegalArgumentException("the bytes of a membership are damaged");
  }
}
