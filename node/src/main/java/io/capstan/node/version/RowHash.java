package io.capstan.node.version;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.OperationId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The hash of a row in canonical form: the key, and of each live sibling in the order of dots the
 * dot, the timestamp, the operation id and the value. Contexts are left out, and so are tombstones:
 * replicas strip and collect both at different moments, and agree all the same. 128 bits of
 * SHA-256, so that two different rows do not have the same hash by accident or by intent.
 *
 * <p>A row without a live sibling is {@link #ZERO}, as a key that was never written. Hashes of many
 * rows are joined by {@link #xor}, in any order, and a row leaves the sum the way it entered; so a
 * sum is kept up to date at a cost that does not depend on the number of rows. Two replicas with
 * equal sums hold the same rows.
 *
 * @param high the first eight bytes
 * @param low the next eight
 */
public record RowHash(long high, long low) {

  /** Nothing is live. */
  public static final RowHash ZERO = new RowHash(0, 0);

  /** The length of {@link #toBytes}. */
  public static final int SIZE_BYTES = 16;

  private static final byte PLAIN = 1;
  private static final byte TYPED = 2;

  /** The hash of what is stored under the key. */
  public static RowHash of(ByteString key, DottedVersionVectorSet row) {
    if (row.isDeleted()) {
      return ZERO;
    }
    MessageDigest digest = sha256();
    add(digest, key);
    for (Sibling sibling : row.siblings()) {
      if (!sibling.isTombstone()) {
        add(digest, sibling);
      }
    }
    ByteBuffer hash = ByteBuffer.wrap(digest.digest());
    return new RowHash(hash.getLong(), hash.getLong());
  }

  private static void add(MessageDigest digest, Sibling sibling) {
    byte[] actor = sibling.dot().actor().name().getBytes(StandardCharsets.UTF_8);
    OperationId operation = sibling.operation();
    // Every part has a fixed length or is preceded by it, so that no two rows are the same bytes.
    ByteBuffer fixed =
        ByteBuffer.allocate(4 + actor.length + 8 + 8 + 8 + 4 + 8 + 8 + 1)
            .putInt(actor.length)
            .put(actor)
            .putLong(sibling.dot().actor().incarnation())
            .putLong(sibling.dot().counter())
            .putLong(sibling.writtenAt().physicalMillis())
            .putInt(sibling.writtenAt().logical())
            .putLong(operation == null ? 0 : operation.getSession())
            .putLong(operation == null ? 0 : operation.getSequence())
            .put(sibling.typed() == null ? PLAIN : TYPED);
    digest.update(fixed.flip());
    ByteString value = sibling.value();
    var typed = sibling.typed();
    add(digest, typed != null ? typed.toByteString() : value == null ? ByteString.EMPTY : value);
  }

  private static void add(MessageDigest digest, ByteString bytes) {
    digest.update(ByteBuffer.allocate(4).putInt(bytes.size()).flip());
    for (ByteBuffer part : bytes.asReadOnlyByteBufferList()) {
      digest.update(part);
    }
  }

  private static MessageDigest sha256() {
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
