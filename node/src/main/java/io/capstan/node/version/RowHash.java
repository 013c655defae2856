package io.capstan.node.version;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * The hash of a row in canonical form: of each live sibling the hash of the key, the dot, the
 * timestamp, the operation id and the value, summed by {@link #xor}. Contexts are left out, and so
 * are tombstones: replicas strip and collect both at different moments, and agree all the same. 128
 * bits of SHA-256 a sibling, so that two different rows do not have the same hash by accident.
 *
 * <p>A row without a live sibling is {@link #ZERO}, as a key that was never written. A sum is kept
 * up to date at a cost that depends neither on the number of rows nor, for a set, on the number of
 * its elements: what changes leaves the sum the way it entered. Two replicas with equal sums hold
 * the same rows.
 *
 * @param high the first eight bytes
 * @param low the next eight
 */
public record RowHash(long high, long low) {

  /** Nothing is live. */
  public static final RowHash ZERO = new RowHash(0, 0);

  /** The length of {@link #toBytes}. */
  public static final int SIZE_BYTES = 16;

  // Never fed itself.
  private static final MessageDigest SHA_256 = find();

  private static final byte PLAIN = 1;
  private static final byte TYPED = 2;

  /** The hash of what is stored under the key. */
  public static RowHash of(ByteString key, DottedVersionVectorSet row) {
    long high = 0;
    long low = 0;
    List<Sibling> siblings = row.siblings();
    for (int i = 0; i < siblings.size(); i++) {
      Sibling sibling = siblings.get(i);
      if (!sibling.isTombstone()) {
        RowHash part = sibling.hash(key);
        high ^= part.high;
        low ^= part.low;
      }
    }
    return new RowHash(high, low);
  }

  /**
   * The part of one sibling. Every field of it has a fixed length or is preceded by it, so that no
   * two siblings are the same bytes.
   */
  static RowHash of(ByteString key, Sibling sibling) {
    Feed feed = new Feed();
    feed.addCounted(key);
    OperationId operation = sibling.operation();
    feed.addCounted(ByteString.copyFromUtf8(sibling.dot().actor().name()));
    feed.add(sibling.dot().actor().incarnation());
    feed.add(sibling.dot().counter());
    feed.add(sibling.writtenAt().physicalMillis());
    feed.add(sibling.writtenAt().logical());
    feed.add(operation == null ? 0L : operation.getSession());
    feed.add(operation == null ? 0L : operation.getSequence());
    feed.add(sibling.typed() == null ? PLAIN : TYPED);
    ByteString value = sibling.value();
    var typed = sibling.typed();
    feed.addCounted(
        typed != null ? typed.toByteString() : value == null ? ByteString.EMPTY : value);
    return feed.hash();
  }

  /** Gathers small parts: a digest takes one array of them sooner than many. */
  private static final class Feed {
    private static final int GATHERED_BYTES = 256;

    private final byte[] gathered = new byte[GATHERED_BYTES];
    private final ByteBuffer parts = ByteBuffer.wrap(gathered);
    private final MessageDigest digest = sha256();

    void add(long part) {
      makeRoom(Long.BYTES);
      parts.putLong(part);
    }

    void add(int part) {
      makeRoom(Integer.BYTES);
      parts.putInt(part);
    }

    void add(byte part) {
      makeRoom(Byte.BYTES);
      parts.put(part);
    }

    /** The bytes, with their number in front. */
    void addCounted(ByteString bytes) {
      add(bytes.size());
      if (bytes.size() <= GATHERED_BYTES) {
        makeRoom(bytes.size());
        bytes.copyTo(parts);
      } else {
        makeRoom(GATHERED_BYTES);
        for (ByteBuffer part : bytes.asReadOnlyByteBufferList()) {
          digest.update(part);
        }
      }
    }

    private void makeRoom(int bytes) {
      if (parts.remaining() < bytes) {
        digest.update(gathered, 0, parts.position());
        parts.clear();
      }
    }

    RowHash hash() {
      digest.update(gathered, 0, parts.position());
      ByteBuffer hash = ByteBuffer.wrap(digest.digest());
      return new RowHash(hash.getLong(), hash.getLong());
    }

    /** A new one: looking for it by name costs as much as hashing a short row. */
    private static MessageDigest sha256() {
      try {
        return (MessageDigest) SHA_256.clone();
      } catch (CloneNotSupportedException e) {
        throw new IllegalStateException("SHA-256 of this Java platform cannot be cloned", e);
      }
    }
  }

  private static MessageDigest find() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Both together; a hash that is in both goes out again. */
  public RowHash xor(RowHash other) {
    return new RowHash(high ^ other.high, low ^ other.low);
  }

  /** Sixteen bytes. */
  public ByteString toBytes() {
    byte[] bytes = new byte[SIZE_BYTES];
    ByteBuffer.wrap(bytes).putLong(high).putLong(low);
    return ByteString.copyFrom(bytes);
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws IllegalArgumentException if there are not sixteen bytes
   */
  public static RowHash fromBytes(ByteString bytes) {
    if (bytes.size() != SIZE_BYTES) {
      throw new IllegalArgumentException("a row hash has 16 bytes, not " + bytes.size());
    }
    ByteBuffer buffer = bytes.asReadOnlyByteBuffer();
    return new RowHash(buffer.getLong(), buffer.getLong());
  }

  /** 32 hexadecimal digits. */
  @Override
  public String toString() {
    return String.format("%016x%016x", high, low);
  }
}
