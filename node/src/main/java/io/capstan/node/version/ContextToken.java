package io.capstan.node.version;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The causal context that a client carries between a read and a write, as bytes that mean nothing
 * to it.
 *
 * <p>Dots are counted over the whole keyspace, so a context says something about one key only: used
 * on another key, {@code n1:90} would claim to have seen every write of n1 there up to 90, and
 * writing with it would discard values that nobody has read. Therefore the bytes name the keyspace
 * and the key, and {@link #decode} refuses what does not fit. The check sum finds bytes that were
 * cut or mistyped; it is no defence against forgery.
 *
 * <p>Layout, big-endian: format (1 byte), keyspace id (8), epoch (8), hash of the key (8), version
 * vector as {@code capstan.store.v1.VersionVector}, CRC-32C of all of that (4). Format 2 carries
 * before the vector the latest timestamp that was read: physical milliseconds (8), logical (4). A
 * keyspace in which the latest write wins needs it: a write must be later than all that it
 * supersedes, also where its coordinator does not hold that yet.
 */
public final class ContextToken {

  private static final byte FORMAT_PLAIN = 1;
  private static final byte FORMAT_TIMED = 2;

  private static final int HEADER_SIZE_BYTES = 1 + 8 + 8 + 8;
  private static final int TIMESTAMP_SIZE_BYTES = 8 + 4;
  private static final int CHECKSUM_SIZE_BYTES = 4;

  /** More than a vector with thousands of actors needs; longer ones are refused unread. */
  public static final int SIZE_MAX_BYTES = 256 << 10;

  private ContextToken() {}

  /** What decoding answers. */
  public sealed interface Decoded {

    /**
     * The bytes belong to this key.
     *
     * @param epoch of the keyspace when they were made
     * @param newest the latest timestamp that was read; zero where the bytes do not say
     */
    record Valid(VersionVector context, long epoch, HybridTimestamp newest) implements Decoded {

      /** A context without a timestamp. */
      public Valid(VersionVector context, long epoch) {
        this(context, epoch, HybridTimestamp.ZERO);
      }
    }

    /** They do not, or are damaged; nothing may be written with them. */
    record Refused(Reason reason, String message) implements Decoded {}
  }

  /** Why a token is refused. */
  public enum Reason {
    /** Not a token, cut short, or changed. */
    GARBLED,
    /** Made by a newer release. */
    UNKNOWN_FORMAT,
    /** Made for a key of another keyspace, or of an earlier one with the same name. */
    WRONG_KEYSPACE,
    /** Made for another key. */
    WRONG_KEY
  }

  /** The bytes for the client. */
  public static ByteString encode(
      long keyspaceId, long epoch, ByteString key, VersionVector context) {
    return encode(keyspaceId, epoch, key, context, HybridTimestamp.ZERO);
  }

  /**
   * The bytes for the client.
   *
   * @param newest the latest timestamp that the client read, so that its next write is later
   */
  public static ByteString encode(
      long keyspaceId, long epoch, ByteString key, VersionVector context, HybridTimestamp newest) {
    boolean timed = !newest.equals(HybridTimestamp.ZERO);
    byte[] vector = context.toProto().toByteArray();
    ByteBuffer bytes =
        ByteBuffer.allocate(
                HEADER_SIZE_BYTES
                    + (timed ? TIMESTAMP_SIZE_BYTES : 0)
                    + vector.length
                    + CHECKSUM_SIZE_BYTES)
            .put(timed ? FORMAT_TIMED : FORMAT_PLAIN)
            .putLong(keyspaceId)
            .putLong(epoch)
            .putLong(hashOf(key));
    if (timed) {
      bytes.putLong(newest.physicalMillis()).putInt(newest.logical());
    }
    bytes.put(vector);
    bytes.putInt(checksum(bytes.array(), bytes.position()));
    return ByteString.copyFrom(bytes.flip());
  }

  /** Reads bytes that a client gave for a key. */
  public static Decoded decode(ByteString token, long keyspaceId, ByteString key) {
    int size = token.size();
    if (size < HEADER_SIZE_BYTES + CHECKSUM_SIZE_BYTES || size > SIZE_MAX_BYTES) {
      return garbled("it has " + size + " bytes");
    }
    byte[] bytes = token.toByteArray();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.getInt(size - CHECKSUM_SIZE_BYTES) != checksum(bytes, size - CHECKSUM_SIZE_BYTES)) {
      return garbled("its check sum is wrong");
    }
    byte format = in.get();
    if (format != FORMAT_PLAIN && format != FORMAT_TIMED) {
      return new Decoded.Refused(
          Reason.UNKNOWN_FORMAT, "The context was made by a release that this node does not know");
    }
    if (in.getLong() != keyspaceId) {
      return new Decoded.Refused(
          Reason.WRONG_KEYSPACE,
          "The context belongs to another keyspace, or to one that was dropped");
    }
    long epoch = in.getLong();
    if (in.getLong() != hashOf(key)) {
      return new Decoded.Refused(
          Reason.WRONG_KEY,
          "The context belongs to another key; with it this write would discard values of this key"
              + " that nobody has read");
    }
    HybridTimestamp newest = HybridTimestamp.ZERO;
    if (format == FORMAT_TIMED) {
      if (in.remaining() < TIMESTAMP_SIZE_BYTES + CHECKSUM_SIZE_BYTES) {
        return garbled("it has " + size + " bytes");
      }
      newest = new HybridTimestamp(in.getLong() & Long.MAX_VALUE, in.getInt());
    }
    return vector(token.substring(in.position(), size - CHECKSUM_SIZE_BYTES), epoch, newest);
  }

  private static Decoded vector(ByteString bytes, long epoch, HybridTimestamp newest) {
    try {
      return new Decoded.Valid(
          VersionVector.fromProto(io.capstan.proto.store.v1.VersionVector.parseFrom(bytes)),
          epoch,
          newest);
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      return garbled("its version vector cannot be read (" + e.getMessage() + ")");
    }
  }

  private static Decoded garbled(String why) {
    return new Decoded.Refused(
        Reason.GARBLED, "The context is not one that a receipt carried: " + why);
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  /** FNV-1a over the bytes, then the finaliser of MurmurHash3: stable, it is part of the format. */
  private static long hashOf(ByteString key) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < key.size(); i++) {
      hash = (hash ^ (key.byteAt(i) & 0xff)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }
}
