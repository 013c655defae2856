package io.capstan.chaos.sim;

/**
 * One operation that a client will ask for. A client has one operation open at a time: what is due
 * while it waits begins afterwards, or is done by another one where the schedule hands over.
 *
 * @param client who asks if it is free, counted from 0
 * @param atMillis virtual time from which it may begin, counted from the moment the clients start
 * @param type what is asked
 * @param key number of the key
 * @param choice decides which nodes are asked and what else is left open
 */
public record SimulatedOperation(int client, long atMillis, Type type, int key, long choice) {

  /** The same at the same time, of another kind. */
  SimulatedOperation of(Type otherType, int otherKey) {
    return new SimulatedOperation(client, atMillis, otherType, otherKey, choice);
  }

  /** What is asked of which keyspace. */
  public enum Type {
    CP_READ,
    CP_WRITE,
    CP_CAS,
    AP_READ,
    AP_WRITE,
    AP_DELETE,
    /** Of the AP keyspace in which the latest write wins. */
    LWW_READ,
    LWW_WRITE,
    LWW_DELETE,
    /** Of counters and sets, on either side. */
    AP_COUNTER_ADD,
    AP_SET_ADD,
    AP_SET_REMOVE,
    CP_COUNTER_ADD,
    CP_SET_ADD,
    CP_SET_REMOVE,
    /** Of the keyspace that changes sides: a value of its own, a new element, an addition. */
    FLIP_PUT,
    FLIP_SET_ADD,
    FLIP_COUNTER_ADD,
    /** Of registers that belong to one CP epoch. */
    FLIP_READ,
    FLIP_WRITE,
    /** Asks to change sides, or to give the change up. */
    FLIP_TO_CP,
    FLIP_TO_AP,
    FLIP_ABORT;

    /** Whether it is no client's, but an operator's. */
    boolean isOfOperator() {
      return this == FLIP_TO_CP || this == FLIP_TO_AP || this == FLIP_ABORT;
    }

    boolean isFlip() {
      return ordinal() >= FLIP_PUT.ordinal();
    }

    boolean isCp() {
      return switch (this) {
        case CP_READ, CP_WRITE, CP_CAS, CP_COUNTER_ADD, CP_SET_ADD, CP_SET_REMOVE -> true;
        default -> false;
      };
    }

    boolean isTyped() {
      return switch (this) {
        case AP_COUNTER_ADD, AP_SET_ADD, AP_SET_REMOVE, CP_COUNTER_ADD, CP_SET_ADD, CP_SET_REMOVE ->
            true;
        default -> false;
      };
    }

    boolean isLww() {
      return this == LWW_READ || this == LWW_WRITE || this == LWW_DELETE;
    }
  }
}
