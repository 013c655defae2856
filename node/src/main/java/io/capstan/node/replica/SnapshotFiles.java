package io.capstan.node.replica;

import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.SnapshotFile;
import io.capstan.proto.store.v1.SnapshotManifest;
import java.util.zip.CRC32C;

/** The files of a snapshot as one row of bytes: offsets run over all of them in their order. */
public final class SnapshotFiles {

  private SnapshotFiles() {}

  /** All files together, in bytes. */
  public static long sizeBytes(SnapshotManifest manifest) {
    long bytes = 0;
    for (SnapshotFile file : manifest.getFilesList()) {
      bytes += file.getSizeBytes();
    }
    return bytes;
  }

  /** How many bytes may be read at the offset without leaving its file. */
  static int lengthAt(SnapshotManifest manifest, long offset, int lengthMaxBytes) {
    long end = 0;
    for (SnapshotFile file : manifest.getFilesList()) {
      end += file.getSizeBytes();
      if (offset < end) {
        return (int) Math.min(lengthMaxBytes, end - offset);
      }
    }
    throw new ReplicaInvariantViolation(
        "offset " + offset + " lies behind the end of a snapshot, " + end);
  }

  static int checksum(ByteString data) {
    CRC32C crc = new CRC32C();
    for (java.nio.ByteBuffer part : data.asReadOnlyByteBufferList()) {
      crc.update(part);
    }
    return (int) crc.getValue();
  }
}
