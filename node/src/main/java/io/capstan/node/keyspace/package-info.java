/**
 * The catalogue: which keyspaces there are, on which side of the CAP theorem each stands, and in
 * which epoch.
 *
 * <p>Pure. The catalogue changes only by applying log entries of its group, so every replica goes
 * through the same catalogues in the same order, and a keyspace id (the log index that created it)
 * is never used again. One mode and one epoch per keyspace at any applied index.
 *
 * <p>Start reading at {@link io.capstan.node.keyspace.Catalogue}; {@link
 * io.capstan.node.keyspace.LevelRule} says which level may be asked of which mode.
 */
@NullMarked
package io.capstan.node.keyspace;

import org.jspecify.annotations.NullMarked;
