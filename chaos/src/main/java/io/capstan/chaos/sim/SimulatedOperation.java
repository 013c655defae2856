package io.capstan.chaos.sim;

/**
 * One operation that a client will ask for. A client has one operation open at a time: what is due
 * while it waits begins afterwards.
 *
 * @param client who asks, counted from 0
 * @param atMillis virtual time from which it may begin, counted from the moment the clients start
 * @param type what is asked
 * @param key number of the key
 * @param choice decides which nodes are asked and what else is left open
 */
public record SimulatedOperation(int client, long atMillis, Type type, int key, long choice) {

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
    LWW_DELETE;

    boolean isCp() {
      return this == CP_READ || this == CP_WRITE || this == CP_CAS;
    }

    boolean isLww() {
      return this == LWW_READ || this == LWW_WRITE || this == LWW_DELETE;
    }
  }
}
