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

/**
 * What a session has seen: of each key the largest counter of each actor that wrote what was shown.
 * One counter an actor is enough, because a replica that accounts for an actor's write of a key
 * accounts for that actor's earlier writes of the same key too. It only ever grows, so answers may
 * be learnt in any order.
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
    // The key that was learnt longest ago comes first.
    final LinkedHashMap<ByteString, Map<Actor, Long>> keys = new LinkedHashMap<>();
    final Map<Actor, Long> floor = new LinkedHashMap<>();
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
    Map<Actor, Long> dots = seen.keys.get(key);
    if (dots != null) {
      dots.forEach((actor, counter) -> claim.addDots(dot(actor, counter)));
    }
    return claim.build();
  }

  /** For a scan of keys with the prefix, at or after the given one. */
  synchronized SessionClaim claim(String keyspace, ByteString prefix, ByteString from) {
    Seen seen = keyspaces.get(keyspace);
    if (seen == null) {
      return SessionClaim.getDefaultInstance();
    }
    SessionClaim.Builder claim = claim(seen, seen.floor);
    for (Map.Entry<ByteString, Map<Actor, Long>> each : seen.keys.entrySet()) {
      if (isWithin(each.getKey(), prefix, from)) {
        each.getValue().forEach((actor, counter) -> claim.addDots(dot(actor, counter)));
      }
    }
    if (claim.getDotsCount() + claim.getFloorCount() <= CLAIM_DOTS_MAX) {
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
    learn(of(receipt), receipt.getKey(), receipt.getSeenList());
  }

  synchronized void learn(ScanResponse page) {
    Seen seen = of(page.getReceipt());
    for (ScanRow row : page.getRowsList()) {
      learn(seen, row.getKey(), row.getSeenList());
    }
  }

  /** The answer was about several keys. */
  synchronized void learnFloor(Receipt receipt) {
    Seen seen = of(receipt);
    receipt
        .getSeenList()
        .forEach(dot -> seen.floor.merge(dot.getActor(), dot.getCounter(), Math::max));
  }

  private Seen of(Receipt receipt) {
    return of(receipt.getKeyspace(), receipt.getKeyspaceId(), receipt.getEpoch());
  }

  private Seen of(String keyspace, long id, long epoch) {
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
    seen.epoch = Math.max(seen.epoch, epoch);
    return seen;
  }

  private void learn(Seen seen, ByteString key, List<Dot> dots) {
    if (dots.isEmpty()) {
      return;
    }
    Map<Actor, Long> known = seen.keys.remove(key);
    if (known == null) {
      known = new LinkedHashMap<>();
      keyCount++;
      keyBytes += key.size();
    }
    for (Dot dot : dots) {
      known.merge(dot.getActor(), dot.getCounter(), Math::max);
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
    Iterator<Map.Entry<ByteString, Map<Actor, Long>>> entries = largest.keys.entrySet().iterator();
    Map.Entry<ByteString, Map<Actor, Long>> oldest = entries.next();
    Map<Actor, Long> floor = largest.floor;
    oldest.getValue().forEach((actor, counter) -> floor.merge(actor, counter, Math::max));
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
        Seen into = of(each.getKey(), from.id, from.epoch);
        from.floor.forEach((actor, counter) -> into.floor.merge(actor, counter, Math::max));
        from.keys.forEach(
            (key, dots) ->
                learn(
                    into,
                    key,
                    dots.entrySet().stream().map(d -> dot(d.getKey(), d.getValue())).toList()));
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
    json.writeObjectFieldStart("floor");
    write(json, seen.floor);
    json.writeEndObject();
    // Keys need not be text.
    json.writeObjectFieldStart("keysBase64");
    for (Map.Entry<ByteString, Map<Actor, Long>> each : seen.keys.entrySet()) {
      json.writeObjectFieldStart(Base64.getEncoder().encodeToString(each.getKey().toByteArray()));
      write(json, each.getValue());
      json.writeEndObject();
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
      Seen seen = of(name, 0, 0);
      for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
        json.nextToken();
        switch (field) {
          case "id" -> seen.id = json.getLongValue();
          case "epoch" -> seen.epoch = json.getLongValue();
          case "floor" -> seen.floor.putAll(readDots(json));
          case "keysBase64" -> readKeys(json, seen);
          default -> json.skipChildren();
        }
      }
      if (seen.id < 1) {
        throw new IllegalArgumentException("keyspace " + name + " has no id");
      }
    }
  }

  private void readKeys(JsonParser json, Seen seen) throws IOException {
    expect(json.currentToken(), JsonToken.START_OBJECT);
    for (String key = json.nextFieldName(); key != null; key = json.nextFieldName()) {
      json.nextToken();
      learn(
          seen,
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
