package io.capstan.client;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.protobuf.ByteString;
import io.capstan.proto.store.v1.Actor;
import io.capstan.proto.store.v1.Dot;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.Receipt;
import io.capstan.proto.v1.ScanResponse;
import io.capstan.proto.v1.ScanRow;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a session has seen: of each key the largest counter of each actor that wrote what was shown.
 * One counter an actor is enough, because a replica that accounts for an actor's write of a key
 * accounts for that actor's earlier writes of the same key too. It only grows, so answers may be
 * learnt in any order, until the keyspace changes sides: whoever serves it then has all that came
 * across, and what was seen before is only asked about, key by key, until an answer has told what
 * became of it.
 *
 * <p>Safe for use by several threads; each method holds the lock for a few instructions, except
 * {@link #toJson} and {@link #join}.
 */
final class SessionMemory {
  static final String FORMAT = "capstan-session-1";

  /** More keyspaces than a cluster may have. */
  static final int KEYSPACES_MAX = 1_024;

  /** Versions in one request; a scan over more keys than that names a floor instead. */
  static final int CLAIM_DOTS_MAX = 512;

  private static final JsonFactory JSON = new JsonFactory();

  private static final class Seen {
    long id;
    long epoch;
    // The epoch in which what is served was opened, as far as answers have told.
    long openedEpoch;
    // The key that was learnt longest ago comes first.
    final LinkedHashMap<ByteString, SeenKey> keys = new LinkedHashMap<>();
    final Map<Actor, Long> floor = new LinkedHashMap<>();
  }

  /** What was seen of one key since what was served then had been opened. */
  private static final class SeenKey {
    long openedEpoch;
    final Map<Actor, Long> dots = new LinkedHashMap<>();

    SeenKey(long openedEpoch) {
      this.openedEpoch = openedEpoch;
    }
  }

  // All guarded by this.
  private final LinkedHashMap<String, Seen> keyspaces = new LinkedHashMap<>();
  private int keyCount;
  private long keyBytes;

  // ---- what is asked ----

  synchronized long keyspaceId(String keyspace) {
    Seen seen = keyspaces.get(keyspace);
    return seen == null ? 0 : seen.id;
  }

  synchronized SessionClaim claim(String keyspace, ByteString key) {
    Seen seen = keyspaces.get(keyspace);
    if (seen == null) {
      return SessionClaim.getDefaultInstance();
    }
    SessionClaim.Builder claim = claim(seen, seen.floor);
    add(claim, seen, seen.keys.get(key));
    return claim.build();
  }

  private static void add(SessionClaim.Builder claim, Seen seen, @Nullable SeenKey key) {
    if (key != null && key.openedEpoch < seen.openedEpoch) {
      key.dots.forEach((actor, counter) -> claim.addEarlier(dot(actor, counter)));
    } else if (key != null) {
      key.dots.forEach((actor, counter) -> claim.addDots(dot(actor, counter)));
    }
  }

  /** For a scan of keys with the prefix, at or after the given one. */
  synchronized SessionClaim claim(String keyspace, ByteString prefix, ByteString from) {
    Seen seen = keyspaces.get(keyspace);
    if (seen == null) {
      return SessionClaim.getDefaultInstance();
    }
    SessionClaim.Builder claim = claim(seen, seen.floor);
    for (Map.Entry<ByteString, SeenKey> each : seen.keys.entrySet()) {
      if (isWithin(each.getKey(), prefix, from)) {
        add(claim, seen, each.getValue());
      }
    }
    if (claim.getDotsCount() + claim.getFloorCount() + claim.getEarlierCount() <= CLAIM_DOTS_MAX) {
      return claim.build();
    }
    Map<Actor, Long> floor = new LinkedHashMap<>(seen.floor);
    claim.getDotsList().forEach(dot -> floor.merge(dot.getActor(), dot.getCounter(), Math::max));
    return claim(seen, floor).build();
  }

  private static SessionClaim.Builder claim(Seen seen, Map<Actor, Long> floor) {
    SessionClaim.Builder claim = SessionClaim.newBuilder().setEpoch(seen.epoch);
    floor.forEach((actor, counter) -> claim.addFloor(dot(actor, counter)));
    return claim;
  }

  private static boolean isWithin(ByteString key, ByteString prefix, ByteString from) {
    return key.startsWith(prefix)
        && ByteString.unsignedLexicographicalComparator().compare(key, from) >= 0;
  }

  private static Dot dot(Actor actor, long counter) {
    return Dot.newBuilder().setActor(actor).setCounter(counter).build();
  }

  // ---- what is learnt ----

  synchronized void learn(Receipt receipt) {
    learn(of(receipt), receipt.getOpenedEpoch(), receipt.getKey(), receipt.getSeenList());
  }

  synchronized void learn(ScanResponse page) {
    Receipt receipt = page.getReceipt();
    Seen seen = of(receipt);
    for (ScanRow row : page.getRowsList()) {
      learn(seen, receipt.getOpenedEpoch(), row.getKey(), row.getSeenList());
    }
    for (Dot gone : receipt.getLeftBehindList()) {
      // Told once; a page names no key for it.
      seen.keys
          .values()
          .forEach(
              key -> {
                if (key.openedEpoch < seen.openedEpoch) {
                  key.dots.remove(gone.getActor(), gone.getCounter());
                }
              });
    }
  }

  /** The answer was about several keys. */
  synchronized void learnFloor(Receipt receipt) {
    Seen seen = of(receipt);
    if (receipt.getOpenedEpoch() >= seen.openedEpoch) {
      receipt
          .getSeenList()
          .forEach(dot -> seen.floor.merge(dot.getActor(), dot.getCounter(), Math::max));
    }
  }

  private Seen of(Receipt receipt) {
    return of(
        receipt.getKeyspace(),
        receipt.getKeyspaceId(),
        receipt.getEpoch(),
        receipt.getOpenedEpoch());
  }

  private Seen of(String keyspace, long id, long epoch, long openedEpoch) {
    Seen seen = keyspaces.get(keyspace);
    if (seen != null && seen.id < id) {
      // The one that had the name before is gone, and what was seen of it with it.
      keyCount -= seen.keys.size();
      seen.keys.keySet().forEach(key -> keyBytes -= key.size());
      keyspaces.remove(keyspace);
      seen = null;
    }
    if (seen == null) {
      if (keyspaces.size() >= KEYSPACES_MAX) {
        throw new IllegalStateException(
            "the session has seen " + KEYSPACES_MAX + " keyspaces; begin a new one");
      }
      seen = new Seen();
      seen.id = id;
      keyspaces.put(keyspace, seen);
    }
    if (openedEpoch > seen.openedEpoch) {
      opened(seen, openedEpoch);
    }
    seen.epoch = Math.max(seen.epoch, epoch);
    return seen;
  }

  private static void opened(Seen seen, long openedEpoch) {
    boolean wasUnknown = seen.openedEpoch == 0;
    seen.openedEpoch = openedEpoch;
    if (wasUnknown && seen.epoch >= openedEpoch) {
      seen.keys.values().forEach(key -> key.openedEpoch = openedEpoch);
    } else {
      // Whoever answers from now on has what the floor stands for, as far as it came across.
      seen.floor.clear();
    }
  }

  private void learn(Seen seen, long openedEpoch, ByteString key, List<Dot> dots) {
    SeenKey known = seen.keys.get(key);
    boolean outdated = openedEpoch < seen.openedEpoch;
    if (known != null && !outdated && known.openedEpoch < openedEpoch) {
      // The answer has told what became of it.
      known.openedEpoch = openedEpoch;
      known.dots.clear();
    }
    if (dots.isEmpty() || (outdated && known != null && known.openedEpoch > openedEpoch)) {
      return;
    }
    seen.keys.remove(key);
    if (known == null) {
      known = new SeenKey(openedEpoch);
      keyCount++;
      keyBytes += key.size();
    }
    for (Dot dot : dots) {
      known.dots.merge(dot.getActor(), dot.getCounter(), Math::max);
    }
    seen.keys.put(key, known);
    while (keyCount > Session.KEYS_MAX || keyBytes > Session.KEY_BYTES_MAX) {
      collapseOldest(seen);
    }
  }

  /** Of this keyspace, or of one that holds more. */
  private void collapseOldest(Seen current) {
    Seen largest = current;
    for (Seen each : keyspaces.values()) {
      largest = each.keys.size() > largest.keys.size() ? each : largest;
    }
    Iterator<Map.Entry<ByteString, SeenKey>> entries = largest.keys.entrySet().iterator();
    Map.Entry<ByteString, SeenKey> oldest = entries.next();
    if (oldest.getValue().openedEpoch == largest.openedEpoch) {
      Map<Actor, Long> floor = largest.floor;
      oldest.getValue().dots.forEach((actor, counter) -> floor.merge(actor, counter, Math::max));
    }
    keyCount--;
    keyBytes -= oldest.getKey().size();
    entries.remove();
  }

  /** What the other has seen of a keyspace that was dropped since is left out. */
  void join(SessionMemory other) {
    Map<String, Seen> theirs;
    synchronized (other) {
      theirs = new LinkedHashMap<>(other.keyspaces);
    }
    synchronized (this) {
      for (Map.Entry<String, Seen> each : theirs.entrySet()) {
        Seen from = each.getValue();
        if (from.id < keyspaceId(each.getKey())) {
          continue;
        }
        Seen into = of(each.getKey(), from.id, from.epoch, from.openedEpoch);
        if (from.openedEpoch == into.openedEpoch) {
          from.floor.forEach((actor, counter) -> into.floor.merge(actor, counter, Math::max));
        }
        from.keys.forEach(
            (key, seen) ->
                learn(
                    into,
                    seen.openedEpoch,
                    key,
                    seen.dots.entrySet().stream()
                        .map(d -> dot(d.getKey(), d.getValue()))
                        .toList()));
      }
    }
  }

  // ---- JSON ----

  synchronized byte[] toJson() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeObjectFieldStart("keyspaces");
      for (Map.Entry<String, Seen> each : keyspaces.entrySet()) {
        json.writeObjectFieldStart(each.getKey());
        write(json, each.getValue());
        json.writeEndObject();
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing JSON to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator json, Seen seen) throws IOException {
    json.writeNumberField("id", seen.id);
    json.writeNumberField("epoch", seen.epoch);
    json.writeNumberField("openedEpoch", seen.openedEpoch);
    json.writeObjectFieldStart("floor");
    write(json, seen.floor);
    json.writeEndObject();
    writeKeys(json, "keysBase64", seen, false);
    writeKeys(json, "earlierKeysBase64", seen, true);
  }

  /** Keys need not be text. */
  private static void writeKeys(JsonGenerator json, String field, Seen seen, boolean earlier)
      throws IOException {
    json.writeObjectFieldStart(field);
    for (Map.Entry<ByteString, SeenKey> each : seen.keys.entrySet()) {
      if (each.getValue().openedEpoch < seen.openedEpoch == earlier) {
        json.writeObjectFieldStart(Base64.getEncoder().encodeToString(each.getKey().toByteArray()));
        write(json, each.getValue().dots);
        json.writeEndObject();
      }
    }
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Map<Actor, Long> dots) throws IOException {
    for (Map.Entry<Actor, Long> dot : dots.entrySet()) {
      Actor actor = dot.getKey();
      json.writeNumberField(
          actor.getName() + "." + Long.toHexString(actor.getIncarnation()), dot.getValue());
    }
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @throws IllegalArgumentException where it is something else
   */
  static SessionMemory fromJson(byte[] bytes) {
    SessionMemory memory = new SessionMemory();
    try (JsonParser json = JSON.createParser(bytes)) {
      expect(json.nextToken(), JsonToken.START_OBJECT);
      boolean named = false;
      for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
        json.nextToken();
        switch (field) {
          case "format" -> {
            named = FORMAT.equals(json.getValueAsString());
            if (!named) {
              throw new IllegalArgumentException(
                  "its format is " + json.getValueAsString() + ", not " + FORMAT);
            }
          }
          case "keyspaces" -> memory.readKeyspaces(json);
          default -> json.skipChildren();
        }
      }
      expect(json.currentToken(), JsonToken.END_OBJECT);
      if (!named) {
        throw new IllegalArgumentException("it does not say format " + FORMAT);
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException("not an exported session: " + e.getMessage(), e);
    }
    return memory;
  }

  private synchronized void readKeyspaces(JsonParser json) throws IOException {
    expect(json.currentToken(), JsonToken.START_OBJECT);
    for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
      expect(json.nextToken(), JsonToken.START_OBJECT);
      Seen seen = of(name, 0, 0, 0);
      for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
        json.nextToken();
        switch (field) {
          case "id" -> seen.id = json.getLongValue();
          case "epoch" -> seen.epoch = json.getLongValue();
          case "openedEpoch" -> seen.openedEpoch = json.getLongValue();
          case "floor" -> seen.floor.putAll(readDots(json));
          case "keysBase64" -> readKeys(json, seen, seen.openedEpoch);
          case "earlierKeysBase64" -> readKeys(json, seen, 0);
          default -> json.skipChildren();
        }
      }
      if (seen.id < 1) {
        throw new IllegalArgumentException("keyspace " + name + " has no id");
      }
    }
  }

  private void readKeys(JsonParser json, Seen seen, long openedEpoch) throws IOException {
    expect(json.currentToken(), JsonToken.START_OBJECT);
    for (String key = json.nextFieldName(); key != null; key = json.nextFieldName()) {
      json.nextToken();
      learn(
          seen,
          openedEpoch,
          ByteString.copyFrom(Base64.getDecoder().decode(key)),
          readDots(json).entrySet().stream().map(d -> dot(d.getKey(), d.getValue())).toList());
    }
  }

  private static Map<Actor, Long> readDots(JsonParser json) throws IOException {
    expect(json.currentToken(), JsonToken.START_OBJECT);
    Map<Actor, Long> dots = new LinkedHashMap<>();
    for (String text = json.nextFieldName(); text != null; text = json.nextFieldName()) {
      json.nextToken();
      int point = text.lastIndexOf('.');
      long counter = json.getLongValue();
      if (point < 1 || counter < 1) {
        throw new IllegalArgumentException("'" + text + "' names no version");
      }
      Actor actor =
          Actor.newBuilder()
              .setName(text.substring(0, point))
              .setIncarnation(Long.parseUnsignedLong(text.substring(point + 1), 16))
              .build();
      dots.put(actor, counter);
    }
    return dots;
  }

  private static void expect(JsonToken found, JsonToken wanted) {
    if (found != wanted) {
      throw new IllegalArgumentException("found " + found + " instead of " + wanted);
    }
  }
}
