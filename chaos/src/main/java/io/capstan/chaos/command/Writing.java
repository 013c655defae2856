package io.capstan.chaos.command;

import java.io.IOException;
import java.util.function.Supplier;

/** A file of the results on its way to the disk. */
interface Writing {
  void write() throws IOException;

  /**
   * The same as a work that others may stand beside.
   *
   * @return throws a {@link io.capstan.client.CapstanException} where the file cannot be written
   */
  static Supplier<Boolean> done(Writing writing) {
    return () -> {
      try {
        writing.write();
        return true;
      } catch (IOException e) {
        throw ChaosTrial.unwritable(e);
      }
    };
  }
}
